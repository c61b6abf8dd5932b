// Command digest prints the SHA-256 of stdin behind its arguments; the argument `fail` makes it fail.
package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	for _, arg := range os.Args[1:] {
		fmt.Println("arg", arg)
	}
	done := make(chan [32]byte)
	go func() {
		time.Sleep(20 * time.Millisecond)
		done <- sha256.Sum256(text)
	}()
	fmt.Printf("%x %d\n", <-done, time.Now().Unix())
	if len(os.Args) > 1 && os.Args[1] == "fail" {
		fmt.Fprintln(os.Stderr, "asked to fail")
		os.Exit(3)
	}
}
