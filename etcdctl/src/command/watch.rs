//! `watch`: prints events as they come, and runs a command for each if one is given.

use std::io::{BufRead, Write};

use proto::etcdserverpb as pb;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::child;
use super::get::span;
use crate::cli::{Action, Command, Group};
use crate::client::watch::{Event, Watch, is_progress, reason};
use crate::exit::{self, Done, Failure};
use crate::flag::{Flag, Parsed, lossy};
use crate::go::quote::quote;
use crate::print::event_type;
use crate::session::{Context, Session};
use crate::words;

mod arguments;

#[cfg(test)]
mod tests;

use self::arguments::Arguments;

pub(super) const COMMAND: Command = Command {
    name: "watch",
    usage: "[flags] [key] [range_end] [--] [command arg1 arg2 ...]",
    short: "Prints changes of keys as they happen",
    long: "\
Prints changes of a key, or of a range of keys, as they happen.

After '--' stands a command to run for each event. It finds the event in its environment:
ETCD_WATCH_REVISION, ETCD_WATCH_EVENT_TYPE, ETCD_WATCH_KEY and ETCD_WATCH_VALUE.

  etcdctl watch foo
  etcdctl watch foo --prefix --rev 1
  etcdctl watch foo -- sh -c 'echo \"$ETCD_WATCH_VALUE\"'

ETCDCTL_WATCH_KEY and ETCDCTL_WATCH_RANGE_END stand in for key and range end.

With -i, standard input has one request a line: 'watch [flags] key [range_end] [-- command]', or
'progress' to ask how far the watches are.",
    group: Group::KeyValue,
    flags: FLAGS,
    shared: &[],
    commands: &[],
    action: Action::Run(run),
};

const FLAGS: &[Flag] = &[
    Flag::switch("interactive", "read requests from standard input").short('i'),
    Flag::switch("prefix", "watch all keys that start with <key>"),
    Flag::int("rev", "start with this revision (0 = now)"),
    Flag::switch(
        "prev-kv",
        "print the key and value before each change as well",
    ),
    Flag::switch(
        "progress-notify",
        "print a line now and then while nothing changes",
    ),
];

fn run(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let range = Arguments::from_env(session.env)?;
    if flags.switch("interactive") {
        let progress_notify = flags.switch("progress-notify");
        let context = session.connect(&mut flags)?;
        return Interactive::new(context, range, progress_notify).run();
    }
    let arguments = arguments::of_line(&flags, &session.argv, range)?;
    let mut context = session.connect(&mut flags)?;
    let notify = flags.switch("progress-notify");
    let create = request(&arguments, &flags, notify).map_err(Failure::args)?;
    let mut watch = Watch::new(context.client.clone(), create);
    loop {
        let client = &mut watch;
        let event = context.runtime.block_on(client.next());
        if !show(&mut context, event, &arguments.command)? {
            let text = "watch is canceled by the server";
            return Err(Failure::new(exit::INTERRUPTED, text));
        }
    }
}

/// The request for checked arguments; the error is a sentence.
fn request(
    arguments: &Arguments,
    flags: &Parsed,
    progress_notify: bool,
) -> Result<pb::WatchCreateRequest, String> {
    let Some(key) = arguments.range.first() else {
        return Err(arguments::COUNT.to_owned());
    };
    // With three arguments or more, etcdctl watches the first key alone.
    let end = arguments
        .range
        .get(1)
        .filter(|_| arguments.range.len() == 2);
    let prefix = flags.switch("prefix");
    if prefix && end.is_some() {
        return Err("`range_end` and `--prefix` are mutually exclusive".to_owned());
    }
    let (key, range_end) = span(key, end, prefix, false);
    Ok(pb::WatchCreateRequest {
        key,
        range_end,
        start_revision: flags.int("rev"),
        progress_notify,
        prev_kv: flags.switch("prev-kv"),
        ..Default::default()
    })
}

/// Prints what a watch gave out and runs the command for each event; false = the watch is over.
fn show(context: &mut Context<'_>, event: Event, command: &[Vec<u8>]) -> Result<bool, Failure> {
    let response = match event {
        Event::Response(response) => response,
        Event::Closed(why) => {
            writeln!(context.io.stderr, "watch was canceled ({why})")?;
            let closed = pb::WatchResponse {
                header: Some(pb::ResponseHeader::default()),
                canceled: true,
                ..Default::default()
            };
            context.print(|printer, out| printer.watch(out, &closed))?;
            return Ok(false);
        }
    };
    if response.canceled {
        let why = reason(&response);
        writeln!(context.io.stderr, "watch was canceled ({why})")?;
    }
    if is_progress(&response) {
        let revision = response.header.as_ref().map_or(0, |h| h.revision);
        writeln!(context.io.stdout, "progress notify: {revision}")?;
    }
    context.print(|printer, out| printer.watch(out, &response))?;
    context.io.stdout.flush()?;
    if !command.is_empty() {
        let revision = response.header.as_ref().map_or(0, |h| h.revision);
        for event in &response.events {
            run_for(context, command, revision, event)?;
        }
    }
    Ok(!response.canceled)
}

/// Runs the command for one event; one that fails ends the watch with exit code 1.
fn run_for(
    context: &mut Context<'_>,
    command: &[Vec<u8>],
    revision: i64,
    event: &proto::mvccpb::Event,
) -> Done {
    let pair = event.kv.clone().unwrap_or_default();
    let variables = [
        ("ETCD_WATCH_REVISION", revision.to_string().into()),
        (
            "ETCD_WATCH_EVENT_TYPE",
            quote(event_type(event).as_bytes()).into(),
        ),
        ("ETCD_WATCH_KEY", quote(&pair.key).into()),
        ("ETCD_WATCH_VALUE", quote(&pair.value).into()),
    ];
    let why = match child::run(context, command, &variables)? {
        Ok(ended) => child::failed(ended),
        Err(why) => Some(why),
    };
    let Some(why) = why else {
        return Ok(());
    };
    let words: Vec<_> = command.iter().map(quote).collect();
    let words = words.join(" ");
    writeln!(context.io.stderr, "command [{words}] error ({why})")?;
    Err(Failure::Silent(exit::ERROR))
}

/// Lines and events waiting to be handled; a full queue makes its writer wait.
const QUEUE_MAX: usize = 16;

/// What the interactive loop waits for.
enum Input {
    Line(Vec<u8>),
    /// stdin is at its end.
    End(String),
    /// From the watch with this number.
    Event(usize, Event),
}

struct Running {
    command: Vec<Vec<u8>>,
    progress: mpsc::Sender<()>,
    task: AbortHandle,
}

struct Interactive<'a> {
    context: Context<'a>,
    range: Vec<Vec<u8>>,
    progress_notify: bool,
    watches: Vec<Running>,
    inputs: mpsc::Sender<Input>,
    queue: mpsc::Receiver<Input>,
}

impl<'a> Interactive<'a> {
    fn new(context: Context<'a>, range: Vec<Vec<u8>>, progress_notify: bool) -> Self {
        let (inputs, queue) = mpsc::channel(QUEUE_MAX);
        Self {
            context,
            range,
            progress_notify,
            watches: Vec::new(),
            inputs,
            queue,
        }
    }

    fn run(mut self) -> Done {
        self.read_lines();
        loop {
            let queue = &mut self.queue;
            match self.context.runtime.block_on(queue.recv()) {
                Some(Input::Line(line)) => self.line(&line)?,
                Some(Input::Event(number, event)) => {
                    let command = self.watches[number].command.clone();
                    show(&mut self.context, event, &command)?;
                }
                Some(Input::End(why)) => {
                    let text = format!("error reading watch request line: {why}");
                    return Err(Failure::new(exit::INVALID_INPUT, text));
                }
                None => return Ok(()),
            }
        }
    }

    /// stdin blocks, so it is read by a thread of its own, which ends with stdin.
    fn read_lines(&mut self) {
        let empty: Box<dyn BufRead + Send> = Box::new(std::io::empty());
        let mut stdin = std::mem::replace(&mut self.context.io.stdin, empty);
        let inputs = self.inputs.clone();
        std::thread::spawn(move || {
            loop {
                let mut line = Vec::new();
                let input = match stdin.read_until(b'\n', &mut line) {
                    Err(why) => Input::End(why.to_string()),
                    Ok(_) if line.last() != Some(&b'\n') => Input::End("EOF".to_owned()),
                    Ok(_) => {
                        line.pop();
                        Input::Line(line)
                    }
                };
                let last = matches!(input, Input::End(_));
                if inputs.blocking_send(input).is_err() || last {
                    return;
                }
            }
        });
    }

    fn line(&mut self, line: &[u8]) -> Done {
        let words = words::split(line).map_err(|why| Failure::new(exit::INVALID_INPUT, why))?;
        let shown = lossy(line);
        match words.first().map(Vec::as_slice) {
            None => self.refuse(format!(
                "Invalid command: {shown} (watch and progress supported)"
            )),
            Some(b"watch") if words.len() < 2 && self.range.is_empty() => self.refuse(format!(
                "Invalid command {shown} (command type or key is not provided)"
            )),
            Some(b"watch") => self.start(&words[1..], &shown),
            Some(b"progress") => {
                for watch in &self.watches {
                    // A watch that has not asked yet will: once is enough.
                    let _ = watch.progress.try_send(());
                }
                Ok(())
            }
            Some(_) => self.refuse(format!("Invalid command {shown} (only support watch)")),
        }
    }

    fn refuse(&mut self, sentence: String) -> Done {
        Ok(writeln!(self.context.io.stderr, "{sentence}")?)
    }

    fn start(&mut self, words: &[Vec<u8>], shown: &str) -> Done {
        let mut flags = Parsed::new(FLAGS.iter().collect());
        let arguments = arguments::of_words(&mut flags, words, &self.range)?;
        let create = match request(&arguments, &flags, self.progress_notify) {
            Ok(create) => create,
            Err(why) => return self.refuse(format!("Invalid command {shown} ({why})")),
        };
        let number = self.watches.len();
        let inputs = self.inputs.clone();
        let (progress, mut asked) = mpsc::channel(1);
        let mut watch = Watch::new(self.context.client.clone(), create);
        let task = self.context.runtime.spawn(async move {
            loop {
                let event = tokio::select! {
                    event = watch.next() => event,
                    Some(()) = asked.recv() => {
                        watch.ask_progress();
                        continue;
                    }
                };
                let last = match &event {
                    Event::Response(response) => response.canceled,
                    Event::Closed(_) => true,
                };
                if inputs.send(Input::Event(number, event)).await.is_err() || last {
                    return;
                }
            }
        });
        self.watches.push(Running {
            command: arguments.command,
            progress,
            task: task.abort_handle(),
        });
        Ok(())
    }
}

impl Drop for Interactive<'_> {
    fn drop(&mut self) {
        for watch in &self.watches {
            watch.task.abort();
        }
    }
}
