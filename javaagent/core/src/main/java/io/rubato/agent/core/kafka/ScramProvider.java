package io.rubato.agent.core.kafka;

import java.security.Provider;
import java.util.Map;
import javax.security.auth.callback.CallbackHandler;
import javax.security.sasl.SaslClient;
import javax.security.sasl.SaslException;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.scram.internals.ScramMechanism;
import org.apache.kafka.common.security.scram.internals.ScramSaslClient;

/** SCRAM for the agent's own Kafka clients. Whoever else asks is sent on to the next provider. */
public final class ScramProvider extends Provider {
    static final String NAME = "Rubato agent SASL/SCRAM Client Provider";

    private static final long serialVersionUID = 1L;

    ScramProvider() {
        super(NAME, 1.0, "SASL/SCRAM for the Rubato agent's Kafka clients alone");
        for (ScramMechanism mechanism : ScramMechanism.values()) {
            put("SaslClientFactory." + mechanism.mechanismName(), Clients.class.getName());
        }
    }

    /** Made by the JDK, by its name. */
    public static final class Clients extends ScramSaslClient.ScramSaslClientFactory {
        /** @return null where the caller is not a Kafka client of our own loader's */
        @Override
        public SaslClient createSaslClient(String[] mechanisms, String authorizationId, String protocol, String serverName,
                Map<String, ?> properties, CallbackHandler handler) throws SaslException {
            return handler instanceof AuthenticateCallbackHandler
                    ? super.createSaslClient(mechanisms, authorizationId, protocol, serverName, properties, handler) : null;
        }
    }
}
