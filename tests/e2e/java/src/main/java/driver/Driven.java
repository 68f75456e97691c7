package driver;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.centrifugal.centrifuge.Client;
import io.github.centrifugal.centrifuge.ClientInfo;
import io.github.centrifugal.centrifuge.ConnectionTokenEvent;
import io.github.centrifugal.centrifuge.ConnectionTokenGetter;
import io.github.centrifugal.centrifuge.DuplicateSubscriptionException;
import io.github.centrifugal.centrifuge.HistoryOptions;
import io.github.centrifugal.centrifuge.HistoryResult;
import io.github.centrifugal.centrifuge.Options;
import io.github.centrifugal.centrifuge.PresenceResult;
import io.github.centrifugal.centrifuge.Publication;
import io.github.centrifugal.centrifuge.ResultCallback;
import io.github.centrifugal.centrifuge.StreamPosition;
import io.github.centrifugal.centrifuge.Subscription;
import io.github.centrifugal.centrifuge.SubscriptionOptions;
import io.github.centrifugal.centrifuge.TokenCallback;
import io.github.centrifugal.centrifuge.UnauthorizedException;
import java.util.Map;
import java.util.function.Function;

/** One client. It keeps the library's own defaults but for quicker reconnects. */
final class Driven {
    private final Lines lines;
    private final String name;
    private final Client client;

    Driven(Lines lines, String name, JsonObject args) {
        this.lines = lines;
        this.name = name;
        Options options = new Options();
        options.setTokenGetter(new ConnectionTokenGetter() {
            @Override
            public void getConnectionToken(ConnectionTokenEvent event, TokenCallback callback) {
                lines.askToken(name, token ->
                        callback.Done(token == null ? new UnauthorizedException() : null, token));
            }
        });
        options.setData(Lines.bytes(args.get("data")));
        options.setMinReconnectDelay(50);
        options.setMaxReconnectDelay(1000);
        client = new Client(args.get("websocket").getAsString(), options, new Events(lines, name));
    }

    void perform(int id, String op, JsonObject args) throws DuplicateSubscriptionException {
        switch (op) {
            case "connect" -> {
                client.connect();
                lines.result(id, null);
            }
            case "disconnect" -> {
                client.disconnect();
                lines.result(id, null);
            }
            case "rpc" -> client.rpc(text(args, "method"), Lines.bytes(args.get("params")),
                    answer(id, found -> Lines.payload(found.getData())));
            case "publish" -> client.publish(text(args, "channel"), Lines.bytes(args.get("data")),
                    answer(id, found -> null));
            case "subscribe" -> {
                subscription(text(args, "channel")).subscribe();
                lines.result(id, null);
            }
            case "unsubscribe" -> {
                subscription(text(args, "channel")).unsubscribe();
                lines.result(id, null);
            }
            case "history" -> client.history(text(args, "channel"), historyOptions(args),
                    answer(id, found -> history(text(args, "channel"), found)));
            case "presence" -> client.presence(text(args, "channel"), answer(id, Driven::presence));
            case "presence_stats" -> client.presenceStats(text(args, "channel"), answer(id, found -> {
                JsonArray counts = new JsonArray();
                counts.add(found.getNumClients());
                counts.add(found.getNumUsers());
                return counts;
            }));
            default -> throw new IllegalArgumentException("this driver has no " + op);
        }
    }

    private <T> ResultCallback<T> answer(int id, Function<T, JsonElement> result) {
        return (error, found) -> {
            if (error != null) {
                lines.refused(id, error);
            } else {
                lines.result(id, result.apply(found));
            }
        };
    }

    private Subscription subscription(String channel) throws DuplicateSubscriptionException {
        Subscription found = client.getSubscription(channel);
        if (found != null) {
            return found;
        }
        SubscriptionOptions options = new SubscriptionOptions();
        options.setMinResubscribeDelay(50);
        return client.newSubscription(channel, options, new SubscriptionEvents(lines, name, channel));
    }

    private static HistoryOptions historyOptions(JsonObject args) {
        HistoryOptions.Builder options = new HistoryOptions.Builder()
                .withLimit(args.get("limit").getAsInt())
                .withReverse(args.get("reverse").getAsBoolean());
        if (args.has("since")) {
            JsonObject since = args.getAsJsonObject("since");
            options.withSince(new StreamPosition(since.get("offset").getAsLong(), text(since, "epoch")));
        }
        return options.build();
    }

    private static JsonElement history(String channel, HistoryResult found) {
        JsonArray publications = new JsonArray();
        for (Publication each : found.getPublications()) {
            JsonObject told = Told.publication(channel, each.getData(), each.getOffset());
            told.addProperty("kind", "publication");
            publications.add(told);
        }
        JsonObject told = new JsonObject();
        told.add("publications", publications);
        told.addProperty("offset", found.getOffset());
        told.addProperty("epoch", found.getEpoch());
        return told;
    }

    private static JsonElement presence(PresenceResult found) {
        JsonObject clients = new JsonObject();
        for (Map.Entry<String, ClientInfo> each : found.getClients().entrySet()) {
            JsonObject info = new JsonObject();
            info.addProperty("user", each.getValue().getUser());
            info.add("info", Lines.payload(each.getValue().getConnInfo()));
            clients.add(each.getKey(), info);
        }
        return clients;
    }

    private static String text(JsonObject args, String key) {
        return args.get(key).getAsString();
    }
}
