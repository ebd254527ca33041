package io.rubato.jobs;

import java.util.concurrent.TimeoutException;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.StreamingQueryException;

/** One query on a folder that stays empty: all that moves is the trigger. */
public final class IdleJob {
    private IdleJob() {
    }

    public static void main(String[] arguments) throws TimeoutException, StreamingQueryException {
        Flags flags = new Flags(arguments, "interval", "name", "app", "master", "watch-stdin");
        if (flags.is("watch-stdin")) {
            Session.endWithInput();
        }
        SparkSession spark = Session.start(flags.get("app", "rubato-idle"), flags.get("master", "local[2]"));
        String name = flags.get("name", "idle");
        StreamingQuery query = new Folder(name).stream(spark.readStream()).writeStream()
                .queryName(name)
                .trigger(Session.trigger(flags.get("interval", "10s")))
                .format("noop")
                .start();
        System.out.println("started " + query.name() + " " + query.id() + " " + query.runId());
        query.awaitTermination();
    }
}
