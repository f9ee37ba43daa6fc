"""Drawn invoices whose fields are known; the Chinese one is committed as a picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.scenes import text_page

CHINESE = {"invoice_number": "24312000000012345678", "date": "2024-05-17", "buyer": "上海明德科技有限公司",
           "seller": "北京海川贸易有限公司", "buyer_tax_id": "91310115MA1K4BX123", "net": 8849.56, "tax": 1150.44,
           "total": 10000.00, "currency": "CNY"}
ENGLISH = {"invoice_number": "INV-2024-0117", "date": "2024-03-05", "due_date": "2024-04-04", "net": 1240.50,
           "tax": 235.70, "total": 1476.20, "currency": "EUR", "iban": "DE89 3704 0044 0532 0130 00"}
OTHER = {"invoice_number": "A/55812", "date": "17.06.2023", "net": 90.00, "tax": 18.00, "total": 108.00,
         "currency": "GBP"}


def chinese() -> np.ndarray:
    c = CHINESE
    return text_page([
        (330, 20, "电子发票（增值税专用发票）"), (560, 60, f"发票号码：{c['invoice_number']}"),
        (560, 95, "开票日期：2024年05月17日"), (40, 150, f"购买方 名称：{c['buyer']}"),
        (520, 150, f"销售方 名称：{c['seller']}"), (40, 190, f"统一社会信用代码/纳税人识别号：{c['buyer_tax_id']}"),
        (40, 250, "项目名称"), (320, 250, "数量"), (460, 250, "单价"), (640, 250, "金额"), (800, 250, "税额"),
        (40, 290, "*电子计算机*服务器"), (330, 290, "2"), (440, 290, "4424.78"), (620, 290, "8849.56"),
        (790, 290, "1150.44"),
        (40, 350, "合 计"), (610, 350, "¥8849.56"), (780, 350, "¥1150.44"),
        (40, 400, "价税合计（大写） 壹万圆整"), (560, 400, "（小写） ¥10000.00"),
    ], (980, 450), 22, chinese=True)


def english(fields: dict[str, Any]) -> np.ndarray:
    lines = [(40, 30, "Northwind Tools Ltd"), (40, 90, f"Invoice No: {fields['invoice_number']}"),
             (40, 130, f"Date: {fields['date']}"), (40, 230, "Drill bits, 10 boxes"),
             (40, 300, f"Subtotal {fields['net']:,.2f}"), (40, 340, f"VAT 19% {fields['tax']:,.2f}"),
             (40, 380, f"Total due {fields['total']:,.2f} {fields['currency']}")]
    if "due_date" in fields:
        lines.append((40, 170, f"Due date: {fields['due_date']}"))
    if "iban" in fields:
        lines.append((40, 430, f"IBAN: {fields['iban']}"))
    return text_page(lines, (760, 480), 26)


def samples() -> dict[str, Any]:
    return {"fapiao.png": chinese(), "invoice.png": english(ENGLISH)}


def measure(ask: Ask) -> list[Measure]:
    right = total = 0
    for picture, wanted in ((ask.sample("fapiao.png"), CHINESE), (english(ENGLISH), ENGLISH), (english(OTHER), OTHER)):
        found = ask(image=picture).values
        right += sum(found.get(k) == v for k, v in wanted.items())
        total += len(wanted)
    wrong = ask(text="发票号码：12345678\n合计 ¥100.00 ¥13.00\n（小写）¥120.00")
    assert "net and tax do not add up to the total" in wrong.warnings
    return [Measure("fields read exactly", 100 * right / total, "%", at_least=90,
                    data="a drawn Chinese VAT invoice and two English ones, 23 fields")]
