"""Staff to shifts by CP-SAT: demand met, one shift a day, rest after nights, fair loads, wishes."""

from __future__ import annotations

from ortools.sat.python import cp_model

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    problem = request.input["problem"]
    staff, shifts, days = problem["staff"], problem["shifts"], range(problem["days"])
    shift_names = {s["name"] for s in shifts}
    if len(shift_names) != len(shifts) or len({p["name"] for p in staff}) != len(staff):
        raise InvalidInput("names of staff and of shifts must differ", field="problem")
    model = cp_model.CpModel()
    works = {(p, d, s): model.new_bool_var("") for p in range(len(staff)) for d in days for s in range(len(shifts))}
    for d in days:
        for s, shift in enumerate(shifts):
            model.add(sum(works[p, d, s] for p in range(len(staff))) == shift["needed"])
    loads, wishes = [], []
    for p, person in enumerate(staff):
        for d in days:
            model.add_at_most_one(works[p, d, s] for s in range(len(shifts)))
            if d in person.get("off", []):
                model.add(sum(works[p, d, s] for s in range(len(shifts))) == 0)
            for night in (s for s, shift in enumerate(shifts) if shift.get("night")):
                for other in (s for s, shift in enumerate(shifts) if not shift.get("night")):
                    if d + 1 in days:
                        model.add(works[p, d, night] + works[p, d + 1, other] <= 1)
        load = model.new_int_var(0, person.get("max_shifts", len(days)), "")
        model.add(load == sum(works[p, d, s] for d in days for s in range(len(shifts))))
        loads.append(load)
        for wish in person.get("wants", []):
            if wish["shift"] not in shift_names:
                raise InvalidInput(f"{wish['shift']} is not a shift", field=f"/input/problem/staff/{p}/wants")
            wishes += [works[p, wish["day"], s] for s, shift in enumerate(shifts)
                       if shift["name"] == wish["shift"] and wish["day"] in days]
    most, least = (model.new_int_var(0, len(days), "") for _ in range(2))
    model.add_max_equality(most, loads)
    model.add_min_equality(least, loads)
    model.minimize((most - least) * 3 - 2 * sum(wishes))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds, solver.parameters.num_workers, solver.parameters.random_seed = 5.0, 1, 0
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise InvalidInput("no roster meets all demands and rests", field="problem")
    items = [{"name": staff[p]["name"], "resource": shifts[s]["name"], "start": d, "end": d + 1}
             for (p, d, s), chosen in works.items() if solver.value(chosen)]
    return Result({"status": solver.status_name(status).lower(), "objective": solver.objective_value,
                   "items": sorted(items, key=lambda i: (i["start"], i["resource"], i["name"])),
                   "summary": {"shifts_each": {staff[p]["name"]: solver.value(x) for p, x in enumerate(loads)},
                               "wishes_met": sum(solver.value(w) for w in wishes), "wishes": len(wishes)}})
