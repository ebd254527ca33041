// Package train computes the gradients of a policy.Network and steps its
// weights: the actor and critic as a gorgonia graph, Clip by the norm, and Adam
// with moments that can be saved.
//
// # Model
//
// The graph is kept small, and has policy.Prior in its scores as the network has.
// Importance ratios and V-trace are plain Go in package agent, the advantages of
// paired branches in agent/pretrain; what reaches the graph is one coefficient per
// sample and action, so that
//
//	loss = -sum(Pick log pi) + sum(Entropy pi log pi) + 1/2 sum(Fit (V - Target)^2)
//
// has the gradient of either. The gradient is held to finite differences and to
// an independent plain-Go backward pass by tests, the forward pass to
// policy.Network to 1e-12.
//
// # Caveats
//
// Building a graph takes milliseconds to a tenth of a second and is the
// caller's to do off the decision path. A Graph is one goroutine's. Only
// LogSoftMax is used: in gorgonia 0.9.18 SoftMax and LogSoftMax of one node
// hash alike and become one. All nodes have names, since unnamed equals merge.
// All results are read by gorgonia.Read, since registers are reused.
package train
