from io import StringIO

import pytest
from django.core.management import call_command


@pytest.mark.django_db(transaction=True)
def test_the_benchmark_of_text_search_finds_what_it_asks_for():
    out = StringIO()
    call_command("bench_words", products=300, queries=5, stdout=out)
    rows = {line[:30].strip(): line.split()[-1] for line in out.getvalue().splitlines()[2:]}
    assert rows["one word"] == rows["plural"] == rows["SKU without its dash"] == "1.00"
    assert float(rows["typo"]) >= 0.6
