// Official Go clients, driven over JSON lines: commands on stdin, answers and events on stdout, as in ../js/driver.mjs.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/centrifugal/centrifuge-go"
)

// lineMax is the longest line in bytes: a whole `event.list` fits.
const lineMax = 16 << 20

type object = map[string]any

// message is one line of input: a call, or the answer to a question.
type message struct {
	ID     int             `json:"id"`
	Client string          `json:"client"`
	Op     string          `json:"op"`
	Args   json.RawMessage `json:"args"`
	Answer int             `json:"answer"`
	Token  *string         `json:"token"`
}

// lines writes whole lines, and remembers who waits for the answer to a question.
type lines struct {
	mu        sync.Mutex
	out       *bufio.Writer
	asked     int
	questions map[int]chan *string
}

func (l *lines) tell(value object) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.write(value)
}

// write wants the lock to be held.
func (l *lines) write(value object) {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	_, _ = l.out.Write(append(data, '\n'))
	if err := l.out.Flush(); err != nil {
		os.Exit(1) // nobody listens any more
	}
}

// token asks the test for one; nil is a refusal.
func (l *lines) token(client string) (string, error) {
	answer := make(chan *string, 1)
	l.mu.Lock()
	l.asked++
	l.questions[l.asked] = answer
	l.write(object{"client": client, "ask": l.asked})
	l.mu.Unlock()
	if token := <-answer; token != nil {
		return *token, nil
	}
	return "", centrifuge.ErrUnauthorized
}

func (l *lines) answered(number int, token *string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.questions[number] <- token
	delete(l.questions, number)
}

// refusal: errors of the library itself have codes below 100.
func refusal(err error) object {
	var reply *centrifuge.Error
	if errors.As(err, &reply) {
		return object{"code": reply.Code, "message": reply.Message, "temporary": reply.Temporary}
	}
	code := 2
	if errors.Is(err, centrifuge.ErrTimeout) {
		code = 1
	}
	return object{"code": code, "message": err.Error(), "temporary": false}
}

func main() {
	wire := &lines{out: bufio.NewWriter(os.Stdout), questions: map[int]chan *string{}}
	clients := map[string]*client{}
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(make([]byte, 0, 1<<16), lineMax)
	// The end of stdin is the end of the process.
	for input.Scan() {
		var got message
		if err := json.Unmarshal(input.Bytes(), &got); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if got.Answer != 0 {
			wire.answered(got.Answer, got.Token)
			continue
		}
		if got.Op == "create" {
			clients[got.Client] = create(wire, got.Client, got.Args)
			wire.tell(object{"id": got.ID, "result": nil})
			continue
		}
		target := clients[got.Client]
		go func() { // calls overlap
			result, err := target.perform(got.Op, got.Args)
			if err != nil {
				wire.tell(object{"id": got.ID, "error": refusal(err)})
				return
			}
			wire.tell(object{"id": got.ID, "result": result})
		}()
	}
}
