package io.rubato.agent.core.kafka;

import java.security.Security;
import java.util.Collections;
import java.util.Map;
import javax.security.auth.Subject;
import javax.security.auth.callback.CallbackHandler;
import javax.security.auth.spi.LoginModule;

/**
 * Logs in by user and password, for PLAIN and for SCRAM, in place of Kafka's own modules, whose options it takes. Those
 * register security providers for the whole JVM under Kafka's usual names: where ours came first, the job's would be
 * ignored, and its clients would log in with our classes, which pass over what they do not know of the job's, such as its
 * delegation token.
 */
public final class PasswordLogin implements LoginModule {
    private static final String TOKEN = "tokenauth";

    @Override
    public void initialize(Subject subject, CallbackHandler handler, Map<String, ?> shared, Map<String, ?> options) {
        Security.addProvider(new ScramProvider());
        if (options.get("username") != null) {
            subject.getPublicCredentials().add(options.get("username"));
        }
        if (options.get("password") != null) {
            subject.getPrivateCredentials().add(options.get("password"));
        }
        if ("true".equalsIgnoreCase((String) options.get(TOKEN))) {
            subject.getPublicCredentials().add(Collections.singletonMap(TOKEN, "true"));
        }
    }

    @Override
    public boolean login() {
        return true;
    }

    @Override
    public boolean commit() {
        return true;
    }

    @Override
    public boolean abort() {
        return false;
    }

    @Override
    public boolean logout() {
        return true;
    }
}
