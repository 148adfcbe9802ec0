import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import javax.jms.BytesMessage;
import javax.jms.Connection;
import javax.jms.Message;
import javax.jms.Queue;
import javax.jms.Session;
import org.apache.qpid.client.AMQConnectionFactory;
import org.apache.qpid.server.SystemLauncher;
import org.apache.qpid.server.model.SystemConfig;

/**
 * Apache Qpid Broker-J on a port of 127.0.0.1, and beside it a client that speaks AMQP 0-10 with it.
 *
 * Arguments: the port, the configuration, a folder to work in. Says READY when it listens, and then does what each line of
 * the input says: "send NAME HEX" answers "sent", "receive NAME" answers "received HEX", or "nothing" after five seconds.
 * Ends with its input.
 */
public class BrokerJ {
    private static final long WAIT_MS = 5000;

    public static void main(String[] arguments) throws Exception {
        System.setProperty("qpid.amqp_port", arguments[0]);
        System.setProperty("qpid.work_dir", arguments[2]);
        System.setProperty("qpid.amqp.version", "0-10");
        Map<String, Object> attributes = new HashMap<>();
        attributes.put(SystemConfig.TYPE, "Memory");
        attributes.put(SystemConfig.INITIAL_CONFIGURATION_LOCATION, new File(arguments[1]).toURI().toString());
        attributes.put(SystemConfig.STARTUP_LOGGED_TO_SYSTEM_OUT, false);
        SystemLauncher launcher = new SystemLauncher();
        launcher.startup(attributes);
        System.out.println("READY");
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            System.out.println(answer(arguments[0], line.split(" ")));
        }
        launcher.shutdown();
        System.exit(0);
    }

    private static String answer(String port, String[] words) {
        try {
            String url = "amqp://guest:guest@test/?brokerlist='tcp://127.0.0.1:" + port + "'";
            Connection connection = new AMQConnectionFactory(url).createConnection();
            try {
                connection.start();
                Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
                Queue queue = session.createQueue("ADDR:" + words[1] + ";{create:always,node:{type:queue,durable:true}}");
                if (words[0].equals("send")) {
                    BytesMessage message = session.createBytesMessage();
                    message.writeBytes(HexFormat.of().parseHex(words.length > 2 ? words[2] : ""));
                    session.createProducer(queue).send(message);
                    return "sent";
                }
                Message found = session.createConsumer(queue).receive(WAIT_MS);
                if (!(found instanceof BytesMessage bytes)) {
                    return found == null ? "nothing" : "not bytes but " + found.getClass();
                }
                byte[] body = new byte[(int) bytes.getBodyLength()];
                bytes.readBytes(body);
                return "received " + HexFormat.of().formatHex(body);
            } finally {
                connection.close();
            }
        } catch (Exception error) {
            return "failed: " + error;
        }
    }
}
