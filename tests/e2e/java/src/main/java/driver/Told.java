package driver;

import com.google.gson.JsonObject;
import io.github.centrifugal.centrifuge.StreamPosition;
import java.lang.reflect.Method;

/** What is said about events that clients and subscriptions have in common. */
final class Told {
    private Told() {}

    static JsonObject coded(int code, String reason) {
        JsonObject told = new JsonObject();
        told.addProperty("code", code);
        told.addProperty("reason", reason);
        return told;
    }

    static JsonObject in(String channel, JsonObject told) {
        told.addProperty("channel", channel);
        return told;
    }

    static JsonObject publication(String channel, byte[] data, long offset) {
        JsonObject told = in(channel, new JsonObject());
        told.add("data", Lines.payload(data));
        told.addProperty("offset", offset);
        return told;
    }

    static JsonObject subscribed(
            String channel, byte[] data, StreamPosition position, Boolean wasRecovering, Boolean recovered) {
        JsonObject told = in(channel, new JsonObject());
        told.add("data", Lines.payload(data));
        told.addProperty("was_recovering", wasRecovering);
        told.addProperty("recovered", recovered);
        if (position != null) {
            told.addProperty("offset", (long) part(position, "getOffset"));
            told.addProperty("epoch", (String) part(position, "getEpoch"));
        }
        return told;
    }

    static JsonObject failed(Throwable error) {
        JsonObject found = Lines.refusal(error);
        return coded(found.get("code").getAsInt(), found.get("message").getAsString());
    }

    /** centrifuge-java 0.4.1 hands positions out and keeps their parts to its own package. */
    private static Object part(StreamPosition position, String getter) {
        try {
            Method method = StreamPosition.class.getDeclaredMethod(getter);
            method.setAccessible(true);
            return method.invoke(position);
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException(error);
        }
    }
}
