package io.rubato.agent.attach;

import io.rubato.agent.premain.LiveCommand;
import java.io.File;
import java.util.Arrays;
import java.util.List;

/** {@code java -jar rubato-agent.jar attach PID [options]} and {@code detach PID}. */
public final class Main {
    private static final String HELP = String.join("\n",
            "Rubato's Java agent for Spark Structured Streaming drivers.",
            "",
            "  java -jar rubato-agent.jar attach PID [name=value ...]   put the agent into a driver that runs",
            "  java -jar rubato-agent.jar detach PID                    take it out again",
            "  java -jar rubato-agent.jar --help | --version",
            "",
            "The options are those of the -javaagent flag, one to a word: brokers, prefix, min, max, include, exclude,",
            "log, user, passwordFile, keysFile, kafka.<client property>; files are named as the driver sees them.",
            "Run the command as the driver's user, in the driver's container if it has one.",
            "",
            "Exit codes: 0 done; 1 the driver could not do it; 2 wrong usage; 3 no JVM has this PID;",
            "4 the attach API is missing here, or the driver's flags forbid it.");

    private Main() {
    }

    public static void main(String[] words) {
        System.exit(run(words));
    }

    private static int run(String[] words) {
        try {
            System.out.println(obey(Arrays.asList(words)));
            return 0;
        } catch (Refused refused) {
            System.err.println("rubato-agent: " + refused.getMessage());
            return refused.exitCode;
        } catch (Exception unexpected) {
            System.err.println("rubato-agent: " + unexpected);
            return Refused.FAILED;
        }
    }

    private static String obey(List<String> words) throws Exception {
        File jar = new File(Main.class.getProtectionDomain().getCodeSource().getLocation().toURI()).getAbsoluteFile();
        String command = words.isEmpty() ? "" : words.get(0);
        switch (command) {
            case "--help":
            case "-h":
            case "help":
                return HELP;
            case "--version":
                return "rubato-agent " + Main.class.getPackage().getImplementationVersion();
            case "attach":
                String options = String.join(",", words.subList(Math.min(2, words.size()), words.size()));
                String pid = pid(words);
                new OptionsCheck(jar).require(options);
                return new TargetVm(pid).load(jar, options);
            case "detach":
                if (words.size() > 2) {
                    throw new Refused(Refused.USAGE, "detach takes a PID and nothing else");
                }
                return new TargetVm(pid(words)).load(jar, LiveCommand.DETACH);
            default:
                throw new Refused(Refused.USAGE, (command.isEmpty() ? "a command is missing" : "'" + command
                        + "' is no command") + "\n\n" + HELP);
        }
    }

    private static String pid(List<String> words) throws Refused {
        if (words.size() < 2 || !words.get(1).matches("[1-9]\\d{0,9}")) {
            throw new Refused(Refused.USAGE, words.get(0) + " wants the driver's process id: " + words.get(0)
                    + " PID; jps -l lists the JVMs");
        }
        return words.get(1);
    }
}
