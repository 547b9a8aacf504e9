package main

func applyCases(g *generator, count int, folder string, print func(any)) {}
