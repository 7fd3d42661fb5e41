"""The crash harness: the whole stack, clients that behave like the player, harm at random, then the accounts.

`make crash RUNS=n SEED=s`. The whole of a run follows from its seed, short of what the machine's own timing adds.

plan.py       the harm of one run: a pure function of the seed
proxy.py      the network: a TCP proxy for each pair of processes, whose connections can be cut, stalled, ...
connection.py one connection through it
disk.py       small disks that can be filled (as root only), in a mount namespace of the harness's own
parts.py      one process of the stack, started again when it ends
database.py   the run's database at the migration that the plan says; postgresql.py the same on PostgreSQL
programs.py   commands and environments; shifted_wsgi.py is what the web processes serve
stack.py      all parts and the links between them
migrations.py migrations that run while events flow
harms.py      what each harm does and how it heals; blows.py those that hit processes
evidence.py   what clients were told
clients.py    the clients
found.py      what Redis and the database hold in the end, read past the application
judge.py      the comparison: lost, double, phantom, ...; audit.py asks `pulse audit` as well
once.py       one run, from start to verdict
place.py      what runs share: a folder, the network, the databases
series.py     many runs: resumable, one line each, a summary

mutants.py    can the harness see? It runs on trees in which a promise is broken (mutations.py), until it fails
table.py      one harm at a time under steady traffic (troubles.py), measured by measure.py: the table in docs/path.md
"""
