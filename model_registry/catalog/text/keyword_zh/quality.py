"""Paragraphs written on a known subject: is it among the words that are ranked first?"""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

PARAGRAPHS = (
    (
        "光伏电站把太阳能转换为电能。组件的温度越高，光伏发电的效率越低，因此电站需要通风。",
        {"光伏", "电站", "太阳能", "组件"},
    ),
    ("糖尿病患者需要控制血糖。医生建议患者每天测量血糖，并按时注射胰岛素。", {"血糖", "糖尿病", "胰岛素", "患者"}),
    (
        "高铁列车晚点，旅客可以在车站办理退票。铁路部门提醒旅客提前查询列车时刻。",
        {"列车", "旅客", "高铁", "退票", "车站"},
    ),
    ("法院判决被告赔偿原告的损失。被告不服判决，向上级法院提起上诉。", {"法院", "被告", "判决", "原告", "上诉"}),
    (
        "球队在主场赢得比赛，前锋打进两球。教练说比赛的胜利属于全队球员。",
        {"比赛", "球队", "前锋", "教练", "球员", "主场"},
    ),
    ("轴承振动加剧时，应检查润滑油的油位。轴承温度过高会使润滑失效。", {"轴承", "润滑油", "润滑", "振动", "油位"}),
)


def measure(ask: Ask) -> list[Measure]:
    found = {}
    for method in ("tfidf", "textrank"):
        right = total = 0
        for text, subject in PARAGRAPHS:
            top = [r["text"] for r in ask(text=text, parameters={"top": 3, "method": method}).output["results"]]
            right += sum(word in subject for word in top)
            total += len(top)
        found[method] = 100 * right / total
    data = "six paragraphs written for this, the subject's words marked by hand; first three words each"
    return [
        Measure("first words on the subject, TF-IDF", found["tfidf"], "%", data=data, at_least=60),
        Measure("first words on the subject, TextRank", found["textrank"], "%", data=data, at_least=45),
    ]
