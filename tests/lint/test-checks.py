#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The checks find what they are for, and leave alone what is right."""

import importlib.util
import json
import pathlib
import shutil
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
LICENCE = "/* SPDX-License-Identifier: " + "LGPL-2.1-or-later */\n"


def load(path: pathlib.Path):
    spec = importlib.util.spec_from_file_location(path.stem.replace("-", "_"), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


style = load(HERE / "check-style.py")
layers = load(HERE / "check-layers.py")
docs = load(HERE / "check-docs.py")
files = load(HERE / "check-files.py")
links = load(HERE / "check-links.py")
results = load(HERE.parent / "sum-results.py")
dbus = load(HERE.parents[1] / "docs" / "make-dbus-page.py")


class Style(unittest.TestCase):
    def faults(self, body, name="src/libruntimeuse/base/a.c"):
        text = LICENCE + '\n#include "config.h"\n\n' + body
        return [fault for _, fault in style.check(pathlib.Path(name), text)]

    def function(self, *lines):
        return "void\nf (void)\n{\n" + "".join(f"  {line}\n" for line in lines) + "}\n"

    def test_good(self):
        body = self.function('g_autoptr(GString) s = g_string_new ("x(y) goto // z");',
                             'g_set_error (error, "%s", _("text"));  /* why(not) */')
        self.assertEqual(self.faults(body), [])

    def test_text(self):
        self.assertIn("tab", self.faults("int\ta;\n"))
        self.assertIn("space at the end", self.faults("int a; \n"))
        self.assertIn("no newline at the end", self.faults("int a;"))
        self.assertIn("101 columns, more than 100", self.faults("/*" + "x" * 97 + "*/\n"))
        self.assertIn("no line with the licence",
                      [fault for _, fault in style.check(pathlib.Path("a.py"), "a = 1\n")])

    def test_code(self):
        self.assertIn("no space between f and (", self.faults(self.function("f(1);")))
        self.assertIn("goto", self.faults(self.function("goto out;")))
        self.assertIn("g_usleep: wait for the event", self.faults(self.function("g_usleep (1);")))
        self.assertEqual(len(self.faults(self.function("a = b * G_USEC_PER_SEC;"))), 1)
        self.assertIn("comments are /* … */", self.faults("int a; // b\n"))
        wait = self.function("waitpid (-1, NULL, 0);")
        self.assertEqual(len(self.faults(wait)), 1)
        self.assertEqual(self.faults(wait, "src/job/a.c"), [])

    def test_functions(self):
        self.assertEqual(self.faults(self.function(*["a ();"] * 80)), [])
        self.assertIn("function of 81 lines", self.faults(self.function(*["a ();"] * 81)))
        self.assertEqual(self.faults(self.function("{" * 4 + "}" * 4)), [])
        self.assertIn("nested 5 deep", self.faults(self.function("{" * 5 + "}" * 5)))

    def test_includes(self):
        self.assertEqual(self.faults('#include "a.h"\n#include "0.h"\n#include "b.h"\n'), [])
        self.assertEqual(self.faults("#include <b.h>\n#include <a.h>\n"),
                         ["<a.h> comes before <b.h>"])
        self.assertEqual(self.faults('#include "b.h"\n#include "a.h"\n'),
                         ["the own header comes right after config.h"])


class Layers(unittest.TestCase):
    homes = {"low.h": "libruntimeuse/base", "high.h": "libruntimeuse/session",
             "runtimeuse.h": "libruntimeuse"}

    def test_down(self):
        include = '#include "low.h"\n'
        self.assertEqual(layers.faults_of("libruntimeuse/session", include, self.homes), [])
        self.assertEqual(len(layers.faults_of("job", include, self.homes)), 1)
        self.assertEqual(len(layers.faults_of("cli", include, self.homes)), 1)

    def test_up(self):
        include = '#include "high.h"\n'
        self.assertEqual(len(layers.faults_of("libruntimeuse/base", include, self.homes)), 1)

    def test_agents(self):
        include = '#include "c.h"\n'
        for home, faults in (("agent", 0), ("agent/claude", 1), ("agent/builtin", 1)):
            homes = {"c.h": f"libruntimeuse/{home}"}
            self.assertEqual(
                len(layers.faults_of("libruntimeuse/agent/openai", include, homes)), faults, home)

    def test_outside(self):
        include = "#include <libsoup/soup.h>\n"
        self.assertEqual(layers.faults_of("libruntimeuse/transport", include, {}), [])
        self.assertEqual(len(layers.faults_of("libruntimeuse/session", include, {})), 1)
        self.assertEqual(len(layers.faults_of("job", "#include <glib.h>\n", {})), 1)


class Docs(unittest.TestCase):
    header = "RUNTIME_USE_AVAILABLE_IN_0_1\nint runtime_use_a_b (int x,\n int y);\n"

    def test_good(self):
        comment = ("/**\n * runtime_use_a_b:\n * @x: one\n * @y: two\n *\n * Adds.\n *\n"
                   " * Returns: the sum\n *\n * Since: 0.1\n */\n")
        self.assertEqual(docs.check(self.header, comment, "A"), [])

    def test_faults(self):
        self.assertEqual(docs.check(self.header, "", "A"), ["runtime_use_a_b: no documentation"])
        comment = "/**\n * runtime_use_a_b:\n * @x: one\n */\n"
        self.assertEqual(len(docs.check(self.header, comment, "A")), 3)

    def test_property(self):
        header = "G_DECLARE_FINAL_TYPE (RuntimeUseA, runtime_use_a, RUNTIME_USE, A, GObject)\n"
        source = ('x = g_param_spec_int ("size", NULL);\ng_signal_new ("gone");\n'
                  '{ .property = "field" },\nRUNTIME_USE_NUMBER_SETTING ("limit", A, limit),\n')
        faults = docs.check(header, source, "RuntimeUseA")
        for name in ("size", "field", "limit"):
            self.assertIn(f"RuntimeUseA:{name}: no documentation", faults)
        self.assertIn("RuntimeUseA::gone: no documentation", faults)
        self.assertIn("RuntimeUseA: no documentation", faults)


class Files(unittest.TestCase):
    def test_faults(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "po").mkdir()
            (root / "src").mkdir()
            (root / "po" / "POTFILES").write_text("src/gone.c\n")
            (root / "po" / "LINGUAS").write_text("")
            (root / "po" / "xx.po").write_text("")
            (root / "src" / "a.c").write_text('puts (_("text"));\n')
            (root / "tests" / "integration").mkdir(parents=True)
            (root / "tests" / "integration" / "test_a.py").write_text("")
            (root / "tests" / "integration" / "test_b.py").write_text("")
            (root / "tests" / "meson.build").write_text("x = 'test_a.py'\n")
            (root / "a.json").write_text("{")
            (root / "a.sh").write_text("#!/bin/sh\nif\n")
            (root / "b.txt").write_text("org" + ".runtimeuse.Something\n")
            paths = list(files.files_of(root))
            for check, number in ((files.check_translations, 3), (files.check_json, 1),
                                  (files.check_scripts, 1), (files.check_identity, 1),
                                  (files.check_tests, 1)):
                self.assertEqual(len(list(check(root, paths))), number, check.__name__)


@unittest.skipUnless(shutil.which("xgettext"), "no xgettext")
class Translations(unittest.TestCase):
    HEADER = ('msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
              '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n'
              '"Project-Id-Version: x\\n"\n"PO-Revision-Date: x\\n"\n"Last-Translator: x\\n"\n'
              '"Language-Team: x\\n"\n"Language: xx\\n"\n\n')
    SOURCE = 'puts (_("one")); g_dngettext (NULL, "%u file", "%u files", n);\n'
    ONE = 'msgid "one"\nmsgstr "eins"\n\n'
    FILES = ('#, c-format\nmsgid "%u file"\nmsgid_plural "%u files"\n'
             'msgstr[0] "%u Datei"\nmsgstr[1] "%u Dateien"\n\n')

    def faults(self, translation, listed="src/a.c\n", **others):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in {"po/POTFILES": listed, "po/LINGUAS": "xx\n",
                               "po/xx.po": self.HEADER + translation,
                               "src/a.c": self.SOURCE, **others}.items():
                (root / name).parent.mkdir(exist_ok=True)
                (root / name).write_text(text)
            paths = list(files.files_of(root))
            return [fault for _, fault in files.check_translations(root, paths)]

    def test_complete(self):
        self.assertEqual(self.faults(self.ONE + self.FILES), [])

    def test_incomplete(self):
        empty, fuzzy = self.ONE.replace("eins", ""), "#, fuzzy\n" + self.ONE
        wrong = self.FILES.replace("%u Dateien", "%s Dateien")
        lacking = self.FILES.replace('msgstr[1] "%u Dateien"\n', "")
        for text in ("", self.ONE, self.FILES, empty + self.FILES, fuzzy + self.FILES,
                     self.ONE + wrong, self.ONE + lacking):
            self.assertEqual(len(self.faults(text)), 1, text)

    def test_listed(self):
        good = self.ONE + self.FILES
        self.assertEqual(len(self.faults(good, "src/a.c\nsrc/a.c\n")), 1)
        self.assertEqual(self.faults(good, "src/a.c\nsrc/b.c\n", **{"src/b.c": "int b;\n"}),
                         ["src/b.c has no text to translate"])
        for name in ("src/b.h", "data/x.desktop.in", "data/x.metainfo.xml.in.in"):
            self.assertEqual(self.faults(good, **{name: 'puts (_("one"));\n'}),
                             ["has text to translate, but is not in po/POTFILES"])


class Links(unittest.TestCase):
    def test_faults(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "docs").mkdir()
            (root / "a.md").write_text(
                "[b](b.md) [c](docs/c.md) `[d](d)` [e](https://e) [f](f.html)")
            (root / "docs" / "c.md").write_text("[a](../a.md) [b](b.md)")
            (root / "a.html").write_text(
                '<p id="x"/><a href="#x"/><a href="#y"/><a href="b.html"/>')
            self.assertEqual([link for _, link in links.check_markdown(root)], ["b.md", "b.md"])
            self.assertEqual([link for _, link in links.check_html(root)], ["#y", "b.html"])


class DbusPage(unittest.TestCase):
    TEMPLATE = "licence\n---\nTitle: T\n---\n\n# T\n\nIt is `a-b`.\n"
    GOOD = """<node>
      <!-- a.B: @short_description: One thing

           What it does, with #Do, #a.B:Size and #org.freedesktop.C::D.

           Since: 0.1 -->
      <interface name="a.B">
        <!-- Do: @x: how
               often

             Does it @x times, as `#this`.

             Since: 0.1 -->
        <method name="Do"><arg name="x" type="u" direction="in"/></method>
        <!-- Size: How large.

             Since: 0.1 -->
        <property name="Size" type="t" access="read"/>
      </interface></node>""".replace(": @", ":\n@").replace(": How", ":\n\nHow")

    def pages(self, xml):
        with tempfile.TemporaryDirectory() as folder:
            names = [f"{folder}/{name}" for name in ("in", "xml", "md", "5")]
            pathlib.Path(names[0]).write_text(self.TEMPLATE)
            pathlib.Path(names[1]).write_text(xml)
            dbus.main("a", "/a", "1", *names)
            return [pathlib.Path(name).read_text() for name in names[2:]]

    def test_pages(self):
        markdown, man = self.pages(self.GOOD)
        for text in ("[`Do`](#bdo), [`Size`](#bsize) and `org.freedesktop.C.D`", "### B.Do",
                     "Do (x: u) → ()", "* `x` (`u`): how often", "Does it `x` times, as `#this`.",
                     "Size: t  (read only, changes are told)"):
            self.assertIn(text, markdown)
        for text in ('.SS "B.Do"', "It is \\fBa\\-b\\fR.", "Do (x: u) \\(-> ()",
                     ".IP \\(bu 2\n\\fBx\\fR (\\fBu\\fR): how often"):
            self.assertIn(text, man)

    def test_faults(self):
        for good, bad in (("Do:\n", "Undo:\n"), ("@x: how", "@y: how"), ("#Do,", "#Undo,"),
                          ("0.1 -->\n        <method", " -->\n        <method"),
                          ("<!-- Size", "<size/><!-- -->"), ("#a.B:Size", "#a.B:Weight")):
            self.assertNotEqual(self.GOOD.replace(good, bad), self.GOOD)
            with self.assertRaises(SystemExit, msg=bad):
                self.pages(self.GOOD.replace(good, bad))


class Results(unittest.TestCase):
    def cases(self, result, stdout=""):
        return results.cases_of({"name": "p:unit / t", "result": result, "stdout": stdout})

    def test_tap(self):
        stdout = "1..3\nok 1 /a/b\nnot ok 2 /a/c\nok 3 /a/d # SKIP no kernel\n"
        self.assertEqual(self.cases("FAIL", stdout),
                         [("t/a/b", "passed"), ("t/a/c", "failed"), ("t/a/d", "skipped")])

    def test_plain(self):
        self.assertEqual(self.cases("OK"), [("t", "passed")])
        self.assertEqual(self.cases("TIMEOUT"), [("t", "failed")])
        self.assertEqual(self.cases("SKIP"), [("t", "skipped")])

    def test_died_at_the_end(self):
        self.assertEqual(self.cases("ERROR", "ok 1 /a\n"), [("t/a", "passed"), ("t", "failed")])

    def test_skips(self):
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder) / "log.json"
            skips = pathlib.Path(folder) / "skips.txt"
            log.write_text("".join(
                json.dumps({"name": "s / " + name, "result": result}) + "\n"
                for name, result in (("a", "OK"), ("b", "SKIP"))))
            skips.write_text("")
            self.assertEqual(results.main(str(skips), str(log)), 1)
            skips.write_text("b: needs a kernel feature\n")
            self.assertEqual(results.main(str(skips), str(log)), 0)


if __name__ == "__main__":
    unittest.main()
