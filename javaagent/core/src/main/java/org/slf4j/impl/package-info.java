/**
 * The binding that slf4j 1.7 looks for by this very name, relocated with it: the Kafka clients' log goes to the agent's,
 * at {@code log=debug}, and nowhere otherwise.
 */
package org.slf4j.impl;
