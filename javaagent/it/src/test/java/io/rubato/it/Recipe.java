package io.rubato.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** A block of {@code docs/recipes.md}, with this build's agent in place of the page's. */
final class Recipe {
    private static final Path PAGE = Path.of("..", "..", "docs", "recipes.md");
    private static final String AGENT = "-javaagent:/opt/rubato/rubato-agent.jar=brokers=kafka1:9092";

    private Recipe() {
    }

    /** The page's only block in this language that holds this text. */
    static String block(String language, String text, String agentFlag) throws IOException {
        String fence = "```" + language + "\n";
        String block = Arrays.stream(Files.readString(PAGE).split("(?=" + fence + ")")).filter(part -> part.startsWith(fence))
                .map(part -> part.substring(fence.length(), part.indexOf("```", fence.length())))
                .filter(part -> part.contains(text) && part.contains(AGENT))
                .reduce((one, other) -> {
                    throw new AssertionError(PAGE + " has two blocks with " + text);
                })
                .orElseThrow(() -> new AssertionError(PAGE + " has no block in " + language + " with " + text + " and " + AGENT));
        return block.replace(AGENT, agentFlag);
    }
}
