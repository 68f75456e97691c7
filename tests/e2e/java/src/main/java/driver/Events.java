package driver;

import com.google.gson.JsonObject;
import io.github.centrifugal.centrifuge.Client;
import io.github.centrifugal.centrifuge.ConnectedEvent;
import io.github.centrifugal.centrifuge.ConnectingEvent;
import io.github.centrifugal.centrifuge.DisconnectedEvent;
import io.github.centrifugal.centrifuge.ErrorEvent;
import io.github.centrifugal.centrifuge.EventListener;
import io.github.centrifugal.centrifuge.ServerPublicationEvent;
import io.github.centrifugal.centrifuge.ServerSubscribedEvent;
import io.github.centrifugal.centrifuge.ServerSubscribingEvent;
import io.github.centrifugal.centrifuge.ServerUnsubscribedEvent;

/** What happens to a client and to the subscriptions that the server makes. */
final class Events extends EventListener {
    private final Lines lines;
    private final String name;

    Events(Lines lines, String name) {
        this.lines = lines;
        this.name = name;
    }

    @Override
    public void onConnecting(Client client, ConnectingEvent event) {
        lines.event(name, "connecting", Told.coded(event.getCode(), event.getReason()));
    }

    @Override
    public void onConnected(Client client, ConnectedEvent event) {
        JsonObject told = new JsonObject();
        told.addProperty("client", event.getClient());
        told.add("data", Lines.payload(event.getData()));
        lines.event(name, "connected", told);
    }

    @Override
    public void onDisconnected(Client client, DisconnectedEvent event) {
        lines.event(name, "disconnected", Told.coded(event.getCode(), event.getReason()));
    }

    @Override
    public void onError(Client client, ErrorEvent event) {
        lines.event(name, "error", Told.failed(event.getError()));
    }

    @Override
    public void onSubscribing(Client client, ServerSubscribingEvent event) {
        lines.event(name, "subscribing", Told.in(event.getChannel(), new JsonObject()));
    }

    @Override
    public void onSubscribed(Client client, ServerSubscribedEvent event) {
        lines.event(name, "subscribed", Told.subscribed(event.getChannel(), event.getData(),
                event.getStreamPosition(), event.wasRecovering(), event.getRecovered()));
    }

    @Override
    public void onUnsubscribed(Client client, ServerUnsubscribedEvent event) {
        lines.event(name, "unsubscribed", Told.in(event.getChannel(), new JsonObject()));
    }

    @Override
    public void onPublication(Client client, ServerPublicationEvent event) {
        lines.event(name, "publication", Told.publication(event.getChannel(), event.getData(), event.getOffset()));
    }
}
