/**
 * Puts the hooks into Spark's classes.
 *
 * <p><b>Model.</b> {@link io.rubato.agent.core.instrument.Target} lists the classes by every name that they have had and
 * the methods in each; {@link io.rubato.agent.core.instrument.SparkTransformer} decorates a class's bytes with the advice.
 * The advice is inlined into Spark's methods and calls the bridge alone.
 *
 * <p><b>Caveats.</b> A class in flight is transformed in the callback, on the bytes that came; a class that is loaded
 * already is retransformed on another thread, and nobody waits for that inside a callback. Where an expected method is
 * missing the whole class stays as it is, it is said once, and the queries are left unmanaged.
 */
package io.rubato.agent.core.instrument;
