"""Crashes replayed through the real venue: a population, a path of prices, the order path, and a report.

scenario, load     what a scenario file says
drawing, paths     draws and bridges in integers, the same on every machine
population         who is there, and what each has
opening, building  the venue with its markets, and the positions that everybody comes with
crowd              what makers, takers and depositors do each second
stage              the engine with the scenario's time
record, audit      what happened, by the events; who paid, by books of our own
run                all of it
"""
