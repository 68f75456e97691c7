package driver;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** Official Java clients, driven over JSON lines: commands on stdin, answers and events on stdout, as in ../js/driver.mjs. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) throws IOException {
        Lines lines = new Lines(System.out);
        Map<String, Driven> clients = new HashMap<>();
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String line;
        while ((line = input.readLine()) != null) {
            JsonObject message = JsonParser.parseString(line).getAsJsonObject();
            if (message.has("answer")) {
                lines.answered(message);
                continue;
            }
            int id = message.get("id").getAsInt();
            String client = message.get("client").getAsString();
            JsonObject args = message.getAsJsonObject("args");
            if (message.get("op").getAsString().equals("create")) {
                clients.put(client, new Driven(lines, client, args));
                lines.result(id, null);
            } else {
                perform(lines, clients.get(client), id, message.get("op").getAsString(), args);
            }
        }
        System.exit(0); // the end of stdin; the library's threads would go on
    }

    private static void perform(Lines lines, Driven client, int id, String op, JsonObject args) {
        try {
            client.perform(id, op, args);
        } catch (Exception error) {
            lines.refused(id, error);
        }
    }
}
