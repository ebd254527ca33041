package io.rubato.it;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The jar as a command, run to its end. */
record AgentCommand(int exitCode, String out, String err) {
    static final String JAR = Path.of(System.getProperty("agent.jar")).toAbsolutePath().normalize().toString();

    static AgentCommand run(String... words) throws Exception {
        return run(List.of(), words);
    }

    static AgentCommand run(List<String> jvmFlags, String... words) throws Exception {
        File err = File.createTempFile("command-", ".txt", new File(System.getProperty("it.target")));
        List<String> arguments = new ArrayList<>(jvmFlags);
        arguments.addAll(List.of("-XX:TieredStopAtLevel=1", "-jar", JAR));
        arguments.addAll(List.of(words));
        Process process = Processes.java(err, arguments);
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int exitCode = process.waitFor();
        String said = Files.readString(err.toPath());
        Files.delete(err.toPath());
        return new AgentCommand(exitCode, out, said);
    }
}
