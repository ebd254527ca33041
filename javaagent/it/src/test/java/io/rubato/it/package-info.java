/**
 * The agent in a real Spark against a real Kafka broker.
 *
 * <p><b>Model.</b> {@link io.rubato.it.Broker} and {@link io.rubato.it.Driver} are processes of their own;
 * {@link io.rubato.it.Tuner} stands in for the tuner: it reads every metric and sends commands. A test awaits what it
 * promises, with a deadline. A class with a parameter runs on each {@link io.rubato.it.Spark} under test, on one
 * {@link io.rubato.it.Stage} each; what is to be seen in the compatibility table says what it
 * {@link io.rubato.it.Proves}.
 *
 * <p><b>Caveats.</b> No figure of time is asserted closer than the difference that the promise makes (a wait of ten minutes
 * cut short, or not). Every process is destroyed at the end, by a shutdown hook too.
 */
package io.rubato.it;
