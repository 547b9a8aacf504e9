// Program chaos loads a cluster through etcd's official client while somebody else does harm to it,
// and judges what it saw.
//
//	chaos run [flags] HOST:PORT...   prints "begun" when writes succeed, reads notes from its input,
//	                                 one a line, and ends the traffic at "end"
//	chaos judge FILE                 judges a history again
//
// It prints "ok CHECK: figures" or "violated CHECK: what" for each promise, and ends with 1 if any
// was not kept.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"pintle/tests/e2e/chaos/history"
	"pintle/tests/e2e/chaos/judge"
	"pintle/tests/e2e/chaos/traffic"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	switch {
	case len(arguments) > 0 && arguments[0] == "run":
		return load(arguments[1:])
	case len(arguments) == 2 && arguments[0] == "judge":
		h, err := history.Read(arguments[1])
		if err != nil {
			return err
		}
		return verdict(h, nil)
	}
	return fmt.Errorf("usage: chaos run [flags] HOST:PORT..., or chaos judge FILE")
}

func load(arguments []string) error {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	options := traffic.Options{}
	flags.Uint64Var(&options.Seed, "seed", 1, "the choices of the clients")
	flags.IntVar(&options.Clients, "clients", 8, "clients that read and write")
	flags.IntVar(&options.Rate, "rate", 300, "requests in a second, together")
	flags.DurationVar(&options.Timeout, "timeout", time.Second, "time-out of one request")
	flags.BoolVar(&options.Strict, "strict", false, "no request may fail")
	limit := flags.Duration("end", time.Minute, "how long the end may take: leases, watches, questions")
	file := flags.String("history", "", "where to put the history when a promise was not kept")
	tolerated := flags.String("tolerate", "", "checks, by comma, that are told but do not count")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	options.Endpoints = flags.Args()
	traffic, err := traffic.Start(options)
	if err != nil {
		return err
	}
	if err := traffic.Begun(*limit); err != nil {
		return err
	}
	fmt.Println("begun")
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() && input.Text() != "end" {
		traffic.Mark(input.Text())
	}
	h, err := traffic.End(*limit)
	if err != nil {
		return err
	}
	fmt.Println("ended")
	err = verdict(h, strings.Split(*tolerated, ","))
	if err != nil && *file != "" {
		if failed := h.Write(*file); failed != nil {
			return failed
		}
	}
	return err
}

// verdict prints what was found; an error if any promise counts that was not kept.
func verdict(h *history.History, tolerated []string) error {
	report := judge.Judge(h)
	broken := 0
	for _, check := range judge.Checks {
		word := "ok"
		if count := report.Count(check); count > 0 {
			word = fmt.Sprintf("violated %d times", count)
			if slices.Contains(tolerated, string(check)) {
				word += " (tolerated)"
			} else {
				broken++
			}
		}
		fmt.Printf("%s %s: %s\n", word, check, report.Figures[check])
		for _, violation := range report.Violations {
			if violation.Check == check {
				fmt.Println("    " + violation.Text)
			}
		}
	}
	if broken > 0 {
		return fmt.Errorf("%d promises were not kept", broken)
	}
	return nil
}
