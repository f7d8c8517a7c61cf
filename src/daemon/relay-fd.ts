// The descriptor on which the monitor relays captures to the engine.

/** Number of the descriptor. */
export const RELAY_FD = 3;
