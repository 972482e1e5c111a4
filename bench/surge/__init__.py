"""A surge of fifty times the ovens' capacity, and what the desk makes of it.

    scene ──> simulated: MemoryStore, View, surge.step, read_ticket on a simulated clock;
              ours, strict priority, FIFO
          └─> real, on loopback: a store, two desk processes of which one is killed, an edge,
              ovens of fixed speed
    log ──> figures ──> judge (rows), pictures (docs/surge/*.svg)

    python -m bench.surge [--only simulated | real] [--seed N]

The simulation is the same for a seed on every machine; the real run is not.
"""
