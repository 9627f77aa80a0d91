// Command oracle judges scheduling cases with kube-scheduler's own plugins and writes golden files.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/go-logr/logr"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
)

const usage = `Usage: oracle [options] [FILE...]

Reads cases (golden files without or with a verdict, JSON, gzipped or not; standard input when no file is given, which
may hold many, one after the other) and writes golden files as JSON lines to standard output, in the order of the cases.
A case that cannot be judged is a line {"name": …, "failure": …}.

`

// answer is one line of output: a golden file, or why there is none.
type answer struct {
	Case    *goldenCase     `json:"case,omitempty"`
	Verdict json.RawMessage `json:"verdict,omitempty"`
	// What admission turned down, by cause.
	Turned []refusedObject `json:"turnedDown,omitempty"`
	// Two judgements of the same case differ in these: chance decides them.
	Chance  []string `json:"chance,omitempty"`
	Name    string   `json:"name,omitempty"`
	Failure string   `json:"failure,omitempty"`
}

type options struct {
	check   bool
	repeat  int
	workers int
}

func main() {
	var o options
	flag.BoolVar(&o.check, "check", false, "judge golden files again and print how the verdicts differ; the exit code is 1 if any does")
	flag.IntVar(&o.repeat, "repeat", 1, "judge every case so many times, and name what differs")
	flag.IntVar(&o.workers, "workers", runtime.GOMAXPROCS(0), "cases to judge at the same time")
	flag.Usage = func() {
		fmt.Fprint(os.Stderr, usage)
		flag.PrintDefaults()
	}
	flag.Parse()
	quiet()
	differing, err := run(o, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(2)
	}
	if differing {
		os.Exit(1)
	}
}

// quiet keeps kube-scheduler's log and its complaints about a case out of the way.
func quiet() {
	klog.SetLogger(logr.Discard())
	utilruntime.ErrorHandlers = nil
	// A plugin that panics spoils its own case alone.
	utilruntime.ReallyCrash = false
	utilruntime.PanicHandlers = []func(context.Context, any){notePanic}
	metrics.Register()
}

func run(o options, paths []string) (differing bool, err error) {
	ctx := klog.NewContext(context.Background(), logr.Discard())
	type job struct {
		file   *goldenFile
		result chan answer
	}
	queue := make(chan job)
	ordered := make(chan job, 4*o.workers)
	var workers sync.WaitGroup
	for range o.workers {
		workers.Go(func() {
			for j := range queue {
				j.result <- answerTo(ctx, o, j.file)
			}
		})
	}
	var readError error
	go func() {
		defer close(ordered)
		defer close(queue)
		readError = read(paths, func(file *goldenFile) {
			j := job{file, make(chan answer, 1)}
			ordered <- j
			queue <- j
		})
	}()
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	equal := 0
	for j := range ordered {
		got := <-j.result
		if !o.check {
			if err := encoder.Encode(got); err != nil {
				return false, err
			}
			if err := out.Flush(); err != nil {
				return false, err
			}
			continue
		}
		lines := differences(j.file, got)
		if len(lines) == 0 {
			equal++
		}
		differing = differing || len(lines) > 0
		for _, line := range lines {
			fmt.Fprintf(out, "%s: %s\n", j.file.Case.Name, line)
		}
	}
	workers.Wait()
	if o.check {
		fmt.Fprintf(out, "%d verdicts are equal\n", equal)
	}
	return differing, readError
}

func read(paths []string, take func(*goldenFile)) error {
	if len(paths) == 0 {
		return decodeAll(os.Stdin, take)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := decodeAll(bytes.NewReader(data), take); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

func decodeAll(source io.Reader, take func(*goldenFile)) error {
	buffered := bufio.NewReaderSize(source, 1<<20)
	source = buffered
	if magic, _ := buffered.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return err
		}
		source = unpacked
	}
	decoder := json.NewDecoder(source)
	for {
		file := &goldenFile{}
		if err := decoder.Decode(file); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if file.Case == nil {
			return errors.New("no case in this file")
		}
		take(file)
	}
}

type panicKey struct{}

// panicNote is where a panic in one of kube-scheduler's own goroutines is noted.
type panicNote struct{ atomic.Value }

func notePanic(ctx context.Context, panicked any) {
	if note, ok := ctx.Value(panicKey{}).(*panicNote); ok {
		note.Store(fmt.Sprint(panicked))
	}
}

func answerTo(ctx context.Context, o options, file *goldenFile) (out answer) {
	given := file.Case
	note := &panicNote{}
	ctx = context.WithValue(ctx, panicKey{}, note)
	defer func() {
		if panicked := recover(); panicked != nil {
			out = answer{Name: given.Name, Failure: fmt.Sprintf("panic: %v", panicked), Case: given}
		}
	}()
	if file.Admit {
		var err error
		if given, out.Turned, err = admit(given); err != nil {
			return answer{Name: file.Case.Name, Failure: err.Error(), Case: file.Case}
		}
	}
	out.Case = given
	for range o.repeat {
		found, err := judge(ctx, given)
		if panicked := note.Load(); panicked != nil {
			err = fmt.Errorf("a plugin panics: %v", panicked)
		}
		if err != nil {
			return answer{Name: given.Name, Failure: err.Error(), Case: given, Turned: out.Turned}
		}
		encoded, err := json.Marshal(found)
		if err != nil {
			return answer{Name: given.Name, Failure: err.Error(), Case: given, Turned: out.Turned}
		}
		if out.Verdict == nil {
			out.Verdict = encoded
		} else if out.Chance == nil {
			out.Chance = compareJSON(out.Verdict, encoded)
		}
	}
	return out
}
