"""Sentences divided and tagged by hand."""

from __future__ import annotations

from itertools import pairwise

from model_registry.catalog_kit.quality import Ask, Measure

# word/tag, tags by their first letter as in the ICTCLAS set
SENTENCES = (
    "上海/n 的/u 工程师/n 检查/v 了/u 机器/n",
    "他/r 昨天/t 在/p 北京/n 买/v 了/u 三/m 本/q 书/n",
    "医院/n 的/u 护士/n 非常/d 忙/a",
    "我们/r 需要/v 更/d 多/a 的/u 数据/n",
    "公司/n 今年/t 的/u 利润/n 增长/v 很/d 快/a",
    "研究/v 生命/n 的/u 起源/n",
    "南京市/n 长江大桥/n 很/d 长/a",
    "这/r 台/q 电脑/n 的/u 价格/n 太/d 高/a",
    "老师/n 和/c 学生/n 一起/d 打/v 篮球/n",
    "火车/n 晚上/t 八点/t 到/v 广州/n",
    "请/v 把/p 文件/n 发/v 给/p 我/r",
    "银行/n 提高/v 了/u 利率/n",
)


def spans(words: list[str]) -> set[tuple[int, int]]:
    ends = [0]
    for word in words:
        ends.append(ends[-1] + len(word))
    return set(pairwise(ends))


def measure(ask: Ask) -> list[Measure]:
    same = found_all = truth_all = tags = tagged = 0
    for sentence in SENTENCES:
        truth = [tuple(pair.split("/")) for pair in sentence.split()]
        found = [(t["text"], t["tag"]) for t in ask(text="".join(w for w, _ in truth)).output["tokens"]]
        one, two = spans([w for w, _ in found]), spans([w for w, _ in truth])
        same, found_all, truth_all = same + len(one & two), found_all + len(one), truth_all + len(two)
        known = dict(truth)
        both = [(tag[:1], known[word]) for word, tag in found if word in known]
        tags, tagged = tags + sum(a == b for a, b in both), tagged + len(both)
    precision, recall = same / found_all, same / truth_all
    data = f"{len(SENTENCES)} sentences of {truth_all} words, divided and tagged by hand"
    return [
        Measure("words, F1", 100 * 2 * precision * recall / (precision + recall), "%", data=data, at_least=88),
        Measure(
            "tags right",
            100 * tags / tagged,
            "% of words divided right",
            data=data,
            at_least=70,
            method="first letter of the ICTCLAS tag",
        ),
    ]
