package driver;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.centrifugal.centrifuge.ReplyError;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** Writes whole lines, and remembers who waits for the answer to a question. */
final class Lines {
    private static final Gson GSON = new GsonBuilder().serializeNulls().disableHtmlEscaping().create();

    private final PrintStream out;
    private final Map<Integer, Consumer<String>> questions = new HashMap<>();
    private int asked;

    Lines(PrintStream out) {
        this.out = out;
    }

    synchronized void tell(JsonObject message) {
        out.writeBytes((GSON.toJson(message) + "\n").getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    void event(String client, String kind, JsonObject more) {
        more.addProperty("kind", kind);
        JsonObject message = new JsonObject();
        message.addProperty("client", client);
        message.add("event", more);
        tell(message);
    }

    void result(int id, JsonElement result) {
        JsonObject message = new JsonObject();
        message.addProperty("id", id);
        message.add("result", result == null ? JsonNull.INSTANCE : result);
        tell(message);
    }

    void refused(int id, Throwable error) {
        JsonObject message = new JsonObject();
        message.addProperty("id", id);
        message.add("error", refusal(error));
        tell(message);
    }

    /** Asks the test for a token; null is a refusal. */
    synchronized void askToken(String client, Consumer<String> then) {
        questions.put(++asked, then);
        JsonObject message = new JsonObject();
        message.addProperty("client", client);
        message.addProperty("ask", asked);
        tell(message);
    }

    void answered(JsonObject message) {
        Consumer<String> then;
        synchronized (this) {
            then = questions.remove(message.get("answer").getAsInt());
        }
        JsonElement token = message.get("token");
        then.accept(token.isJsonNull() ? null : token.getAsString());
    }

    /** Errors of the library itself have codes below 100. */
    static JsonObject refusal(Throwable error) {
        JsonObject found = new JsonObject();
        int code = 2;
        for (Throwable each = error; each != null; each = each.getCause()) {
            if (each instanceof ReplyError reply) {
                found.addProperty("code", reply.getCode());
                found.addProperty("message", reply.getMessage());
                found.addProperty("temporary", reply.isTemporary());
                return found;
            }
            if (each instanceof TimeoutException) {
                code = 1;
            }
        }
        found.addProperty("code", code);
        found.addProperty("message", String.valueOf(error));
        found.addProperty("temporary", false);
        return found;
    }

    /** Payloads are JSON; nothing at all is null. */
    static JsonElement payload(byte[] data) {
        boolean nothing = data == null || data.length == 0;
        return nothing ? JsonNull.INSTANCE : JsonParser.parseString(new String(data, StandardCharsets.UTF_8));
    }

    static byte[] bytes(JsonElement value) {
        return GSON.toJson(value).getBytes(StandardCharsets.UTF_8);
    }
}
