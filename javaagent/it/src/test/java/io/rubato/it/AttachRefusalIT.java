package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the command says where it cannot attach, and that it harms nothing then. */
class AttachRefusalIT {
    private static Process jvm(String... flags) throws Exception {
        List<String> arguments = new ArrayList<>(List.of(flags));
        arguments.addAll(List.of("-Xmx32m", "-cp", System.getProperty("it.target") + "/test-classes",
                WaitsForInput.class.getName()));
        Process process = Processes.java(File.createTempFile("jvm-", ".txt", new File(System.getProperty("it.target"))),
                arguments);
        assertEquals("ready", process.inputReader().readLine());
        return process;
    }

    private static void assertRefused(int exitCode, String words, AgentCommand command) {
        assertTrue(command.err().contains(words), command.toString());
        assertEquals(exitCode, command.exitCode(), command.toString());
        assertEquals("", command.out());
    }

    @Test
    void helpAndVersionNameTheCommands() throws Exception {
        AgentCommand help = AgentCommand.run("--help");
        assertEquals(0, help.exitCode());
        assertTrue(help.out().contains("attach PID") && help.out().contains("detach PID"), help.out());
        assertTrue(AgentCommand.run("--version").out().matches("rubato-agent \\d+\\.\\d+.*\\s*"));
    }

    @Test
    void wrongWordsAreNamedAndNothingIsTouched() throws Exception {
        assertRefused(2, "a command is missing", AgentCommand.run());
        assertRefused(2, "'atach' is no command", AgentCommand.run("atach", "1"));
        assertRefused(2, "attach PID", AgentCommand.run("attach", "brokers=a:1"));
        long self = ProcessHandle.current().pid();
        assertRefused(2, "option colour is not known", AgentCommand.run("attach", String.valueOf(self), "colour=red"));
        assertRefused(2, "'nowhere' is not host:port", AgentCommand.run("attach", String.valueOf(self), "brokers=nowhere"));
    }

    @Test
    void anUnknownProcessAndOneThatIsNoJvmAreNotSignalled() throws Exception {
        Process sleep = new ProcessBuilder("sleep", "60").start();
        assertRefused(3, "is no JVM", AgentCommand.run("attach", String.valueOf(sleep.pid())));
        assertTrue(sleep.isAlive());
        Processes.end(sleep);
        assertRefused(3, "there is no process", AgentCommand.run("attach", String.valueOf(sleep.pid())));
    }

    @Test
    void aForbiddingFlagOfTheDriverIsNamed() throws Exception {
        Process closed = jvm("-XX:+DisableAttachMechanism");
        assertRefused(4, "-XX:+DisableAttachMechanism", AgentCommand.run("attach", String.valueOf(closed.pid())));
        Process earlyOnly = jvm("-XX:-EnableDynamicAgentLoading");
        assertRefused(4, "-XX:+EnableDynamicAgentLoading", AgentCommand.run("attach", String.valueOf(earlyOnly.pid())));
        for (Process process : List.of(closed, earlyOnly)) {
            assertTrue(process.isAlive());
            Processes.end(process);
        }
    }

    @Test
    void aRuntimeWithoutTheAttachApiIsToldWhatIsMissing() throws Exception {
        assertRefused(4, "run the command with a JDK's java", AgentCommand.run(List.of("--limit-modules", "java.base"),
                "attach", String.valueOf(ProcessHandle.current().pid())));
    }

    @Test
    void aJvmWithoutSparkIsArmedAndDisarmedAndRefusesASecondAgent() throws Exception {
        Process bare = jvm();
        String pid = String.valueOf(bare.pid());
        assertRefused(1, "no agent is active", AgentCommand.run("detach", pid));
        assertTrue(AgentCommand.run("attach", pid).out().contains("no Spark session in this JVM yet"));
        assertRefused(1, "active in this JVM already", AgentCommand.run("attach", pid));
        assertTrue(AgentCommand.run("detach", pid).out().contains("detached"));
        assertTrue(AgentCommand.run("attach", pid, "min=1s").out().contains("no Spark session in this JVM yet"));
        Processes.end(bare);
    }
}
