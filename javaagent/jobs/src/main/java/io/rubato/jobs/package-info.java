/**
 * Sample Structured Streaming jobs: for the demo, the integration tests and the benchmarks.
 *
 * <p><b>Model.</b> Plain Spark programs with a {@code main}. They do not know of the agent. Standard output carries one
 * line for each thing that a parent process waits for; Spark's log goes to standard error, or to the file named by the
 * system property {@code jobs.log}.
 *
 * <p><b>Caveats.</b> A job whose parent may die watches its standard input and ends with it.
 */
package io.rubato.jobs;
