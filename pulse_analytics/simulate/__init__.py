"""`pulse simulate`: a day of a video site, played against the running API over HTTP as real players would.

The steps, in this order:

    plan.py      1  the plan of the day: who watches what, when, and what is sent twice; pure, from a seed
    watching.py     how far they watch, and which milestones they pass
    pace.py      2  when the next reports may go out
    client.py    3  one player's HTTP: send, back off, send the same bytes again
    tally.py     4  what each answer means: accepted, duplicate, refused, unknown
    crowd.py     5  the threads that play the visits
    compare.py   6  how far the counts rose, against what was accepted
    verdict.py   7  the result in a few lines
    run.py          the whole run: `simulate`
"""
