"""Tests of the map, the metrics and the files: no peer needs to be installed but numpy, pandas and scipy."""

import math
import tempfile
import unittest
from pathlib import Path

import bench
import columns
import measures
import models
import numpy as np
import pandas as pd
import rare
import tables
from design import design

SCENARIO = """
name = "test"
[histories.source.table]
outcome = ["bad", "default"]
defaulted = "yes"
paid = [0, "good"]
delimiter = ";"
header_line = 2
lender_sees = ["AGE", "JOB"]
needs_consent = ["PAY_1..2"]
features = [
    { columns = "AGE", bounds = [20, 80], knots = [50] },
    { columns = "JOB", levels = ["1", "none"] },
    { columns = "PAY_1..PAY_2", transform = "signed-log", bounds = [-100, 100], steps = [1], special = [-200], missing = ["NA"] },
]
derived = [
    { name = "BOTH", sum = "PAY_1..2", bounds = [0, 9], input_only = true },
    { name = "WORST", max = ["PAY_1..2"], bounds = [0, 50] },
    { name = "USED", ratio = ["PAY_1", "AGE"], bounds = [0, 1], otherwise = 0.5 },
    { name = "MANY", count_at_least = { columns = "PAY_1..2", threshold = 1 }, bounds = [0, 2] },
]
interactions = [["AGE", "JOB"], ["JOB", "AGE"]]
"""
DATA = "a line above\nPAY_2;default;JOB;AGE;PAY_1\n0;yes;1.0;35;1\n-200;0;none;90;NA\n1000;good;other;;1\n"


def table(*settings):
    with tempfile.TemporaryDirectory() as folder:
        scenario, data = Path(folder) / "s.toml", Path(folder) / "d.csv"
        scenario.write_text(SCENARIO)
        data.write_text(DATA)
        return columns.read(scenario, data, settings)


class Map(unittest.TestCase):
    def test_ranges(self):
        self.assertEqual(columns.expand("PAY_2..PAY_4"), ["PAY_2", "PAY_3", "PAY_4"])
        self.assertEqual(columns.expand("BILL_AMT1..3"), ["BILL_AMT1", "BILL_AMT2", "BILL_AMT3"])
        self.assertEqual(columns.expand("M08..M11"), ["M08", "M09", "M10", "M11"])
        self.assertEqual(columns.expand("AGE"), ["AGE"])

    def test_codes_that_are_one_number_are_one_code(self):
        self.assertEqual({columns.code(c) for c in ("1", " 1.0", "1e0")}, {"1"})
        self.assertEqual(columns.code("none"), "none")

    def test_values_are_those_of_pretick(self):
        t = table()
        self.assertEqual(list(t.outcome), [1, 0, 0])
        public = t.sets["public"].frame
        self.assertEqual(list(public.columns), ["AGE", "JOB", "PAY_1", "PAY_2", "WORST", "USED", "MANY"])
        nan, log = math.nan, math.log1p
        expected = {
            "AGE": [35, 80, nan],
            "JOB": [0, 1, 2],
            "PAY_1": [log(1), nan, log(1)],
            "PAY_2": [0, -log(200), log(100)],
            "WORST": [1, nan, 50],
            "USED": [1 / 35, 0.5, 0.5],
            "MANY": [1, nan, 2],
        }
        for name, values in expected.items():
            np.testing.assert_allclose(public[name], values, err_msg=name)
        self.assertEqual(t.sets["public"].bounds["PAY_2"], (-log(200), log(100)), "codes count for the bounds")

    def test_the_design_is_that_of_pretick(self):
        half = math.log1p(1) / math.log1p(100)
        # AGE: linear, hinge at 50. JOB: its two levels. PAY_1, PAY_2: linear, step at 1, code, missing.
        # WORST and MANY: linear, missing. USED: linear. Then AGE × JOB.
        expected = [
            [-0.5, 0, 1, 0, half, 1, 0, 0, 0, 0, 0, 0, -0.96, 0, 2 / 35 - 1, 0, 0, -0.5, 0, 0, 0],
            [1, 1, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1],
            [0, 0, 0, 0, half, 1, 0, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0],
        ]
        np.testing.assert_allclose(table().sets["public"].matrix, expected, atol=1e-12)

    def test_chosen_linear_terms(self):
        features = [columns.Feature("a", bounds=(0, 4)), columns.Feature("b", bounds=(0, 4), steps=[2])]
        values = pd.DataFrame({"a": [1.0, 4.0], "b": [1.0, 4.0]})
        np.testing.assert_array_equal(design(features, values, linear={"a"}), [[0.25, 0], [1, 1]])
        np.testing.assert_array_equal(design(features, values, linear=set()), [[0], [1]])

    def test_settings_of_the_command_line_reach_the_map(self):
        turned = table('histories.source.table.defaulted=["good", 0]', 'histories.source.table.paid="yes"', "seed=1")
        self.assertEqual(list(turned.outcome), [0, 1, 1])

    def test_raw_columns_get_no_break_points(self):
        raw = table().sets["raw"]
        self.assertEqual(raw.matrix.shape, (3, 5))
        self.assertEqual(raw.frame["PAY_2"][2], 1000.0)
        self.assertEqual(raw.matrix[1, 4], -1.0, "a code is a number like others")
        self.assertEqual(raw.frame["JOB"][2], "other")


    def test_cells_are_those_of_the_map(self):
        # AGE: below its knot, above, missing. JOB: two levels, any other, missing. PAY: below its step, above, a code,
        # missing. What has no break points: eight cells between the bounds, then missing.
        numbers, sizes = table().sets["public"].cells
        self.assertEqual(sizes, {"AGE": 3, "JOB": 4, "PAY_1": 4, "PAY_2": 4, "WORST": 9, "USED": 9, "MANY": 9})
        self.assertEqual(
            numbers.to_dict("list"),
            {
                "AGE": [0, 1, 2],
                "JOB": [0, 1, 2],
                "PAY_1": [1, 3, 1],
                "PAY_2": [0, 2, 1],
                "WORST": [0, 8, 7],
                "USED": [0, 4, 4],
                "MANY": [4, 8, 7],
            },
        )


class Histograms(unittest.TestCase):
    def fitted(self, epsilon, seed=0, persons=400):
        """Two columns of two and three cells; the second says nothing."""
        number = np.arange(persons)
        place = pd.DataFrame({"a": number % 2, "b": number // 2 % 3})
        y = ((number % 2 == 0) & (number % 8 < 6) | (number % 20 == 1)).astype(int)
        x = columns.Features(pd.DataFrame(), np.empty((persons, 0)), {}, [], (place, {"a": 2, "b": 3}))
        predict = models.dp_histograms(x, y, number, models.Budget(epsilon, 0.0, seed), smoothing=1.0)
        return predict(number), y, place

    def test_without_noise_it_is_naive_bayes(self):
        p, y, place = self.fitted(1e9, persons=24_000)
        odds = math.log(y.mean() / (1 - y.mean()))
        woe = lambda column, k: math.log(y[place[column] == k].mean() / (1 - y[place[column] == k].mean())) - odds
        for i in range(6):
            expected = odds + woe("a", place["a"][i]) + woe("b", place["b"][i])
            self.assertAlmostEqual(math.log(p[i] / (1 - p[i])), expected, places=2)

    def test_noise_has_the_scale_of_columns_over_epsilon(self):
        # Laplace noise of scale 2/ε = 4 has variance 32: of a cell's log-odds 32/bad² + 32/good², less what the overall
        # odds share with it (a tenth of the sum). Over 400 seeds the spread is known to ± 3.5 % (1 sd): a right peer fails
        # with probability below 1e-5 and noise of half or twice the scale is told from it for sure. Seeds are fixed.
        made = [self.fitted(0.5, seed, 24_000) for seed in range(400)]
        logits = np.array([math.log(p[0] / (1 - p[0])) for p, _, _ in made])
        _, y, place = made[0]
        cells = [y[place[name] == place[name][0]] for name in ("a", "b")]
        expected = math.sqrt(sum(32 / c.sum() ** 2 + 32 / (len(c) - c.sum()) ** 2 for c in cells))
        self.assertLess(abs(logits.std() / expected - 1), 0.25)


class Rare(unittest.TestCase):
    def test_a_made_table_has_the_rate_the_codes_and_the_gaps(self):
        # 30,000 persons: rates of .01 and more are known to ± 6 % (1 sd); seeds are fixed.
        for rate in (0.01, 0.03, 0.07):
            bad, _, income, _, *late, _, _ = rare.made(30_000, rate, 1)
            self.assertLess(abs(bad.mean() / rate - 1), 0.2)
            coded = late[0] == rare.CODE
            self.assertTrue(all((column == rare.CODE).tolist() == coded.tolist() for column in late), "columns share a code")
            self.assertTrue(10 < coded.sum() < 150 and 0.15 < np.isnan(income).mean() < 0.25)
            self.assertTrue(all(column[~coded].max() > 6 and np.median(column) == 0 for column in late), "heavy tails")
        self.assertTrue(all(np.array_equal(a, b, True) for a, b in zip(rare.made(50, 0.1, 2), rare.made(50, 0.1, 2))))

    def test_a_thinned_table_keeps_all_who_paid(self):
        bad = (np.arange(1000) % 4 == 0).astype(int)
        rows = rare.kept(bad, 0.05, 1)
        self.assertEqual((int((bad[rows] == 0).sum()), int(bad[rows].sum())), (750, 39))
        with self.assertRaises(SystemExit):
            rare.kept(bad, 0.5, 1)


class Measures(unittest.TestCase):
    def test_ties_count_half_and_move_together(self):
        m = measures.metrics(np.array([1, 1, 0, 0]), np.array([0.9, 0.5, 0.5, 0.1]))
        # Pairs: 1, 1, ½, 1 of 4; KS: at .5 half the defaulters and all others are at or below.
        self.assertAlmostEqual(m["auc"], 3.5 / 4)
        self.assertAlmostEqual(m["ks"], 0.5)
        self.assertAlmostEqual(m["brier"], (0.01 + 0.25 + 0.25 + 0.01) / 4)

    def test_the_interval_is_that_of_the_bench(self):
        # s² = 5/3, four splits of 80/20: half-width 3.182446·√(5/3·(1/4 + 1/4)).
        mean, low, high = measures.paired([1, 2, 3, 4], 0.25)
        self.assertAlmostEqual(mean, 2.5)
        self.assertAlmostEqual(high - mean, 3.182446 * 0.912871, places=4)
        self.assertAlmostEqual(mean - low, high - mean)

    def test_ratios_are_geometric(self):
        self.assertAlmostEqual(measures.ratio([2, 8], [1, 1])[0], 4.0)


class Files(unittest.TestCase):
    FITS = {
        ("a", None, 0, 0): {"auc": 0.1 + 0.2, "fit_cpu_seconds": 1.0},
        ("dp-a", 0.5, 0, 0): {"auc": 0.7, "fit_cpu_seconds": 1.0, "persons_test": 1.0, "persons_train": 4.0},
    }

    def test_what_is_written_reads_back(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "peers.csv"
            bench.write(path, self.FITS)
            self.assertEqual(bench.read(path), self.FITS)

    def test_splits(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "splits.csv"
            path.write_text("row,id,0.0,1.0\n0,a,train,test\n2,b,test,train\n1,c,train,\n")
            splits = bench.read_splits(path, 3)
            self.assertEqual([list(rows) for rows in splits[0, 0]], [[0, 1], [2]])
            self.assertEqual([list(rows) for rows in splits[1, 0]], [[2], [0]])
            with self.assertRaises(SystemExit):
                bench.read_splits(path, 2)

    def test_two_runs_of_pretick_must_agree(self):
        slower = {key: {**values, "fit_cpu_seconds": 3.0} for key, values in self.FITS.items()}
        both = bench.merged({key: dict(v) for key, v in self.FITS.items()}, slower)
        self.assertEqual(both["a", None, 0, 0]["fit_cpu_seconds"], 2.0)
        other = {key: {**values, "auc": 0.6} for key, values in self.FITS.items()}
        with self.assertRaises(SystemExit):
            bench.merged(dict(self.FITS), other)

    def test_pairs_are_of_one_kind_and_one_epsilon(self):
        quality = {"ks": 0.4, "brier": 0.1, "log_loss": 0.4}
        pretick = {k: {**v, **quality} for k, v in self.FITS.items() if k[0] == "dp-a"}
        peers = {
            ("peer:x", 0.5, 0, 0): {**pretick["dp-a", 0.5, 0, 0], "auc": 0.6, "fit_cpu_seconds": 10.0},
            ("peer:y", None, 0, 0): {**pretick["dp-a", 0.5, 0, 0]},
        }
        rows = tables.pairs(pretick, peers, {"peer:x": "dp", "peer:y": "boosting"}, 5)
        found = {row[3]: row[4] for row in rows}
        self.assertEqual({row[1] for row in rows}, {"peer:x"})
        self.assertAlmostEqual(found["auc_difference"], 0.1)
        self.assertAlmostEqual(found["fit_cpu_ratio"], 10.0)

    def test_the_best_peer_is_the_one_to_beat(self):
        quality = {"ks": 0.4, "brier": 0.1, "log_loss": 0.4, "persons_test": 1.0, "persons_train": 4.0}
        pretick = {("dp-a", 0.5, seed, 0): {**quality, "auc": 0.7 + 0.01 * seed} for seed in range(2)}
        peers = {
            (name, 0.5, seed, 0): {**quality, "auc": auc + 0.01 * seed}
            for name, auc in (("peer:x", 0.6), ("peer:y", 0.65))
            for seed in range(2)
        }
        text = tables.against_the_best(tables.pairs(pretick, peers, {"peer:x": "dp", "peer:y": "dp"}, 5), peers)
        self.assertIn("| dp-a | **+0.0500 ± 0.0000** |", text)
        self.assertIn("| the best peer | y |", text)

    def test_tables_go_between_their_marks(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "page.md"
            path.write_text("a\n<!-- t -->\nold\n<!-- /t -->\nb\n")
            tables.put(path, "t", "new")
            self.assertEqual(path.read_text(), "a\n<!-- t -->\n\nnew\n\n<!-- /t -->\nb\n")
            with self.assertRaises(SystemExit):
                tables.put(path, "other", "new")


if __name__ == "__main__":
    unittest.main()
