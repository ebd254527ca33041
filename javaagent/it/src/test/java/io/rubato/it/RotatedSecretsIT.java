package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.junit.jupiter.api.Test;

/** What the agent promises to a driver that runs on while its broker's password and certificate change. */
class RotatedSecretsIT {
    private static final String OLD = "pass-of-yesterday";
    private static final String NEW = "pass-of-today";

    @Test
    void aDriverThatIsShutOutInMidLifeIsLetInByTheNewPasswordAndTrustStore() throws Exception {
        Path folder = Files.createTempDirectory(Files.createDirectories(Path.of(System.getProperty("it.target"))), "rotated-");
        Path password = Files.writeString(folder.resolve("password"), OLD);
        Path authority = folder.resolve("ca.pem");
        try (SecuredBroker broker = new SecuredBroker(folder.resolve("broker"), Map.of("driver", OLD))) {
            broker.start();
            Files.copy(broker.authority(), authority);
            try (Tuner tuner = new Tuner(broker.address(), "rotated");
                    Driver job = Driver.of(Spark.BUILT, folder.resolve("spark.log"), Driver.agent("prefix=rotated,brokers="
                            + broker.securedAddress() + ",user=driver,passwordFile=" + password
                            + ",kafka.ssl.truststore.type=PEM,kafka.ssl.truststore.location=" + authority))) {
                job.awaitReady();
                String run = job.start("steady", "steady", "500ms");
                JsonNode before = tuner.obeyed("it/steady", run, 1_100, Stage.LEASE_MS, 0);

                change(broker);
                Await.until("the agent says why it is shut out", () -> job.log().contains("do not accept each other"));

                Files.writeString(password, NEW);
                Files.copy(broker.authority(), authority, StandardCopyOption.REPLACE_EXISTING);
                tuner.obeyed("it/steady", run, 1_200, Stage.LEASE_MS, before.get("seq").asLong());
                Await.until("the agent says that it is in again", 
                        () -> job.log().lastIndexOf("is back") > job.log().lastIndexOf("do not accept each other"));
                assertFalse(job.log().contains(OLD) || job.log().contains(NEW), "the log shows a secret");
                assertTrue(job.stop("steady") < 5_000);
            }
        }
    }

    private static void change(SecuredBroker broker) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.address()))) {
            admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion("driver",
                    new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4_096), NEW))).all().get();
        }
        broker.restartWithAnotherCertificate();
    }
}
