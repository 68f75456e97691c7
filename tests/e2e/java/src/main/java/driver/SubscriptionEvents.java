package driver;

import io.github.centrifugal.centrifuge.PublicationEvent;
import io.github.centrifugal.centrifuge.SubscribedEvent;
import io.github.centrifugal.centrifuge.SubscribingEvent;
import io.github.centrifugal.centrifuge.Subscription;
import io.github.centrifugal.centrifuge.SubscriptionErrorEvent;
import io.github.centrifugal.centrifuge.SubscriptionEventListener;
import io.github.centrifugal.centrifuge.UnsubscribedEvent;

/** What happens to a subscription that the application makes. */
final class SubscriptionEvents extends SubscriptionEventListener {
    private final Lines lines;
    private final String name;
    private final String channel;

    SubscriptionEvents(Lines lines, String name, String channel) {
        this.lines = lines;
        this.name = name;
        this.channel = channel;
    }

    @Override
    public void onSubscribing(Subscription subscription, SubscribingEvent event) {
        lines.event(name, "subscribing", Told.in(channel, Told.coded(event.getCode(), event.getReason())));
    }

    @Override
    public void onSubscribed(Subscription subscription, SubscribedEvent event) {
        lines.event(name, "subscribed", Told.subscribed(channel, event.getData(),
                event.getStreamPosition(), event.wasRecovering(), event.getRecovered()));
    }

    @Override
    public void onUnsubscribed(Subscription subscription, UnsubscribedEvent event) {
        lines.event(name, "unsubscribed", Told.in(channel, Told.coded(event.getCode(), event.getReason())));
    }

    @Override
    public void onPublication(Subscription subscription, PublicationEvent event) {
        lines.event(name, "publication", Told.publication(channel, event.getData(), event.getOffset()));
    }

    @Override
    public void onError(Subscription subscription, SubscriptionErrorEvent event) {
        lines.event(name, "error", Told.in(channel, Told.failed(event.getError())));
    }
}
