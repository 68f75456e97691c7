package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/centrifugal/centrifuge-go"
)

type client struct {
	wire *lines
	name string
	it   *centrifuge.Client
}

// position is where in a stream a call begins.
type position struct {
	Offset uint64 `json:"offset"`
	Epoch  string `json:"epoch"`
}

// arguments of all operations; each takes its own.
type arguments struct {
	Websocket string          `json:"websocket"`
	Protobuf  bool            `json:"protobuf"`
	Data      json.RawMessage `json:"data"`
	Method    string          `json:"method"`
	Params    json.RawMessage `json:"params"`
	Channel   string          `json:"channel"`
	Limit     int32           `json:"limit"`
	Reverse   bool            `json:"reverse"`
	Since     *position       `json:"since"`
}

func parsed(raw json.RawMessage) arguments {
	var found arguments
	if err := json.Unmarshal(raw, &found); err != nil {
		panic(err)
	}
	return found
}

// create keeps the library's own defaults but for quicker reconnects.
func create(wire *lines, name string, raw json.RawMessage) *client {
	args := parsed(raw)
	config := centrifuge.Config{
		GetToken:          func(centrifuge.ConnectionTokenEvent) (string, error) { return wire.token(name) },
		Data:              args.Data,
		Proxy:             func(*http.Request) (*url.URL, error) { return nil, nil },
		MinReconnectDelay: 50 * time.Millisecond,
		MaxReconnectDelay: time.Second,
	}
	made := &client{wire: wire, name: name}
	if args.Protobuf {
		made.it = centrifuge.NewProtobufClient(args.Websocket, config)
	} else {
		made.it = centrifuge.NewJsonClient(args.Websocket, config)
	}
	made.listen()
	return made
}

func (c *client) event(kind string, more object) {
	more["kind"] = kind
	c.wire.tell(object{"client": c.name, "event": more})
}

// payload: JSON in both encodings; nothing at all is null.
func payload(data []byte) any {
	if len(data) == 0 {
		return nil
	}
	return json.RawMessage(data)
}

func published(channel string, publication centrifuge.Publication) object {
	return object{"channel": channel, "data": payload(publication.Data), "offset": publication.Offset}
}

func subscribed(channel string, data []byte, at *centrifuge.StreamPosition, was, recovered bool) object {
	told := object{"channel": channel, "data": payload(data), "was_recovering": was, "recovered": recovered}
	if at != nil {
		told["offset"], told["epoch"] = at.Offset, at.Epoch
	}
	return told
}

func failed(channel string, err error) object {
	found := refusal(err)
	return object{"channel": channel, "code": found["code"], "reason": found["message"]}
}

func (c *client) listen() {
	c.it.OnConnecting(func(e centrifuge.ConnectingEvent) {
		c.event("connecting", object{"code": e.Code, "reason": e.Reason})
	})
	c.it.OnConnected(func(e centrifuge.ConnectedEvent) {
		c.event("connected", object{"client": e.ClientID, "data": payload(e.Data)})
	})
	c.it.OnDisconnected(func(e centrifuge.DisconnectedEvent) {
		c.event("disconnected", object{"code": e.Code, "reason": e.Reason})
	})
	c.it.OnError(func(e centrifuge.ErrorEvent) { c.event("error", failed("", e.Error)) })
	c.it.OnSubscribing(func(e centrifuge.ServerSubscribingEvent) {
		c.event("subscribing", object{"channel": e.Channel})
	})
	c.it.OnSubscribed(func(e centrifuge.ServerSubscribedEvent) {
		c.event("subscribed", subscribed(e.Channel, e.Data, e.StreamPosition, e.WasRecovering, e.Recovered))
	})
	c.it.OnUnsubscribed(func(e centrifuge.ServerUnsubscribedEvent) {
		c.event("unsubscribed", object{"channel": e.Channel})
	})
	c.it.OnPublication(func(e centrifuge.ServerPublicationEvent) {
		c.event("publication", published(e.Channel, e.Publication))
	})
}

func (c *client) subscription(channel string) (*centrifuge.Subscription, error) {
	if found, ok := c.it.GetSubscription(channel); ok {
		return found, nil
	}
	made, err := c.it.NewSubscription(channel, centrifuge.SubscriptionConfig{MinResubscribeDelay: 50 * time.Millisecond})
	if err != nil {
		return nil, err
	}
	made.OnSubscribing(func(e centrifuge.SubscribingEvent) {
		c.event("subscribing", object{"channel": channel, "code": e.Code, "reason": e.Reason})
	})
	made.OnSubscribed(func(e centrifuge.SubscribedEvent) {
		c.event("subscribed", subscribed(channel, e.Data, e.StreamPosition, e.WasRecovering, e.Recovered))
	})
	made.OnUnsubscribed(func(e centrifuge.UnsubscribedEvent) {
		c.event("unsubscribed", object{"channel": channel, "code": e.Code, "reason": e.Reason})
	})
	made.OnPublication(func(e centrifuge.PublicationEvent) { c.event("publication", published(channel, e.Publication)) })
	made.OnError(func(e centrifuge.SubscriptionErrorEvent) { c.event("error", failed(channel, e.Error)) })
	return made, nil
}

func (c *client) perform(op string, raw json.RawMessage) (any, error) {
	ctx, args := context.Background(), parsed(raw) // the library has time limits of its own
	switch op {
	case "connect":
		return nil, c.it.Connect()
	case "disconnect":
		return nil, c.it.Disconnect()
	case "rpc":
		found, err := c.it.RPC(ctx, args.Method, args.Params)
		return payload(found.Data), err
	case "publish":
		_, err := c.it.Publish(ctx, args.Channel, args.Data)
		return nil, err
	case "subscribe":
		found, err := c.subscription(args.Channel)
		if err != nil {
			return nil, err
		}
		return nil, found.Subscribe()
	case "unsubscribe":
		found, err := c.subscription(args.Channel)
		if err != nil {
			return nil, err
		}
		return nil, found.Unsubscribe()
	case "history":
		return c.history(ctx, args)
	case "presence":
		found, err := c.it.Presence(ctx, args.Channel)
		clients := object{}
		for id, info := range found.Clients {
			clients[id] = object{"user": info.User, "info": payload(info.ConnInfo)}
		}
		return clients, err
	case "presence_stats":
		found, err := c.it.PresenceStats(ctx, args.Channel)
		return []int{found.NumClients, found.NumUsers}, err
	}
	return nil, fmt.Errorf("this driver has no %s", op)
}

func (c *client) history(ctx context.Context, args arguments) (any, error) {
	options := []centrifuge.HistoryOption{centrifuge.WithHistoryLimit(args.Limit), centrifuge.WithHistoryReverse(args.Reverse)}
	if args.Since != nil {
		since := &centrifuge.StreamPosition{Offset: args.Since.Offset, Epoch: args.Since.Epoch}
		options = append(options, centrifuge.WithHistorySince(since))
	}
	found, err := c.it.History(ctx, args.Channel, options...)
	publications := []object{}
	for _, each := range found.Publications {
		told := published(args.Channel, each)
		told["kind"] = "publication"
		publications = append(publications, told)
	}
	return object{"publications": publications, "offset": found.Offset, "epoch": found.Epoch}, err
}
