/** Benchmarks that need to begin a run without Spark. */
package io.rubato.agent.core.control;
