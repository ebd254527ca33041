/**
 * Reads Spark's objects by reflection: no type of Spark or of Scala is linked, so that one jar serves every version.
 *
 * <p><b>Model.</b> {@link io.rubato.agent.core.spark.Reflection} finds public methods by name and keeps them per class;
 * {@link io.rubato.agent.core.spark.SparkReader} knows which to ask.
 *
 * <p><b>Caveats.</b> {@code identify}, {@code kindOf}, {@code runIdOf} and {@code batchId} run on the stream thread and
 * read fields only. The plan and the progress JSON are read on the sender's thread. What cannot be read is left out.
 */
package io.rubato.agent.core.spark;
