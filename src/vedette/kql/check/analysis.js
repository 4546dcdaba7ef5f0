// What is asked of Microsoft's parser. The worker evaluates this once, after the two files of the parser themselves.
// Overloads of Bridge.NET are numbered ($ctor7, Compare$3); the numbers belong to the pinned version, and a test holds them.
"use strict";

var vedette = (() => {
  const K = Kusto.Language;
  const S = K.Symbols;
  const Syntax = K.Syntax;
  // Of each kind that are passed on; a query of more mistakes is no better understood by them.
  const MOST = 500;
  let globals = null;

  const plain = (value) => (value === null || value === undefined ? "" : String(value).toWellFormed());
  const listOf = (type, items) => {
    const list = new (System.Collections.Generic.List$1(type).ctor)();
    items.forEach((item) => list.add(item));
    return list;
  };
  const arrayOf = (sequence, type) => {
    const items = [];
    for (let index = 0; index < System.Array.getCount(sequence, type); index += 1) {
      items.push(System.Array.getItem(sequence, index, type));
    }
    return items;
  };
  // Always in brackets: a column may be called like a keyword.
  const name = (text) => `['${text}']`;
  const columns = (table) => "(" + Object.entries(table).map(([column, type]) => name(column) + ": " + type).join(", ") + ")";

  // {tables: {name: {column: type}}, functions: {name: {parameters, columns, open}}}
  function load(schema) {
    const members = [];
    for (const [table, itsColumns] of Object.entries(schema.tables)) {
      members.push(new S.TableSymbol.$ctor7(table, columns(itsColumns), null));
    }
    for (const [title, made] of Object.entries(schema.functions)) {
      // `bag_unpack` of a column makes the binder take any further column, which is what an open schema means.
      const body = made.open
        ? `{ datatable${columns({ ...made.columns, __bag: "dynamic" })}[] | evaluate bag_unpack(__bag) }`
        : `{ datatable${columns(made.columns)}[] }`;
      members.push(new S.FunctionSymbol.$ctor16(title, made.parameters, body, null));
    }
    const database = new S.DatabaseSymbol.$ctor1("workspace", listOf(S.Symbol, members), false);
    // With a cache, a function's body is bound once and not for every query that calls it: half the time.
    globals = K.GlobalState.Default.WithCache().WithDatabase(database);
    // The first query costs a hundred times what others do; none of a user's shall pay for it.
    check("print a = 1 | where a == 1 | project a");
    return members.length;
  }

  const typeOf = (expression) => (expression && expression.ResultType ? expression.ResultType.Name : "");
  const KINDS = {
    string: "text", int: "number", long: "number", real: "number", decimal: "number",
    bool: "number", datetime: "time", timespan: "span", guid: "guid",
  };
  const COMPARED = new Set(["==", "!=", "<>", "<", "<=", ">", ">=", "=~", "!~"]);

  // A literal, also in brackets or behind a sign.
  function literal(expression) {
    let inner = expression;
    while (inner instanceof Syntax.ParenthesizedExpression || inner instanceof Syntax.PrefixUnaryExpression) {
      inner = inner.Expression;
    }
    return inner && inner.IsLiteral ? inner : null;
  }

  function walk(root, text) {
    const lints = [];
    const regexes = [];
    const place = (node) => ({ start: node.TextStart, length: node.Width });
    const compare = (whole, left, right) => {
      const value = literal(right);
      if (!value || literal(left)) return;
      const [column, given] = [typeOf(left), typeOf(value)];
      const [ours, theirs] = [KINDS[column], KINDS[given]];
      if (ours && theirs && ours !== theirs) {
        const shown = plain(text.substr(left.TextStart, Math.min(left.Width, 100)));
        const about = { ...place(right), first: whole.TextStart, last: whole.TextStart + whole.Width };
        lints.push({ ...about, message: `${shown} is of type ${column}, and is compared with one of type ${given}` });
      }
    };
    const regex = (expression) => {
      const value = literal(expression);
      if (value && typeOf(value) === "string") {
        regexes.push({ ...place(expression), pattern: String(value.LiteralValue).toWellFormed() });
      }
    };
    // A stack of our own: a query may be nested as deep as the parser allows.
    const stack = [root];
    while (stack.length) {
      const node = stack.pop();
      if (node instanceof Syntax.BinaryExpression) {
        const operator = plain(node.Operator && node.Operator.Text).toLowerCase();
        if (COMPARED.has(operator)) {
          compare(node, node.Left, node.Right);
          compare(node, node.Right, node.Left);
        } else if (operator === "matches regex") {
          regex(node.Right);
        }
      } else if (node instanceof Syntax.InExpression) {
        const right = node.Right && node.Right.Expressions;
        for (let index = 0; right && index < right.Count; index += 1) {
          compare(node, node.Left, right.getItem(index).Element$1);
        }
      } else if (node instanceof Syntax.FunctionCallExpression) {
        const called = plain(node.Name && node.Name.SimpleName);
        const given = node.ArgumentList && node.ArgumentList.Expressions;
        const at = { extract: 0, extract_all: 0, replace_regex: 1 }[called];
        if (given && at !== undefined && given.Count > at) regex(given.getItem(at).Element$1);
      }
      for (let index = node.ChildCount - 1; index >= 0; index -= 1) {
        const child = node.GetChild(index);
        if (child) stack.push(child);
      }
    }
    return { lints, regexes };
  }

  function check(text) {
    const code = K.KustoCode.ParseAndAnalyze(text, globals);
    const found = arrayOf(code.GetDiagnostics(), K.Diagnostic);
    const diagnostics = found.slice(0, MOST).map((one) => ({
      code: plain(one.Code), severity: plain(one.Severity), message: plain(one.Message),
      start: one.Start, length: one.Length,
    }));
    const { lints, regexes } = code.Syntax ? walk(code.Syntax, text) : { lints: [], regexes: [] };
    return {
      diagnostics, lints: lints.slice(0, MOST), regexes: regexes.slice(0, MOST),
      more: [found, lints, regexes].reduce((sum, list) => sum + Math.max(0, list.length - MOST), 0),
      depth: code.MaxDepth, columns: result(code),
    };
  }

  function result(code) {
    if (!code.ResultType || !code.ResultType.Columns) return null;
    return arrayOf(code.ResultType.Columns, S.ColumnSymbol).map((column) => [plain(column.Name), plain(column.Type.Name)]);
  }

  // Halves of surrogate pairs travel as numbers.
  const units = (text) => (text === null ? null : Array.from({ length: text.length }, (_, index) => text.charCodeAt(index)));

  const verbs = {
    load: (request) => load(request.schema),
    check: (request) => check(request.text),
    decode: (request) => units(K.KustoFacts.GetStringLiteralValue(request.text)),
    encode: (request) => units(K.KustoFacts.GetStringLiteral(request.text)),
  };
  return { answer: (request) => JSON.stringify(verbs[request.verb](request)) };
})();
