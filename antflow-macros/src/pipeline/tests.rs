use insta::assert_snapshot;
use proc_macro2::TokenStream;
use quote::quote;

use super::expand;
use crate::testing::{displaced, formatted, messages};

fn expression(input: TokenStream) -> String {
    let expansion = expand(input);
    formatted(quote!(fn pipeline() { #expansion }))
}

#[test]
fn chain() {
    let input = quote!(
        fetch.workers(16).queue(100) >> text::parse >> pass::<Vec<Row>> >> (scaled) >> make(3)
    );
    assert_snapshot!(expression(input));
}

#[test]
fn chain_without_overrides() {
    assert_snapshot!(expression(quote!(fetch >> parse)));
}

#[test]
fn fork() {
    assert_snapshot!(expression(quote!(fetch >> (html & text >> count) >> store)));
}

#[test]
fn route() {
    assert_snapshot!(expression(
        quote!(fetch >> { Html => html, Pdf => parse.workers(4) >> pdf })
    ));
}

#[test]
fn words() {
    let input = quote! {
        fetch >> filter(is_new) >> flat_map(|page| page.links()) >> batch(100, "1m 30s") >> save
            >> broadcast(mirrors) >> batch(size(), wait) >> store
    };
    assert_snapshot!(expression(input));
}

#[test]
fn declared_beyond_a_line() {
    let input = quote! {
        Ingest: Url => Stored = fetch >> (
            filter_less >> filter(is_new) >> html
                & sort >> { Html => html.named("Other"), Pdf => pdf } >> flat_map(rows) >> batch(10, "1s") >> save
        ) >> store;
    };
    assert_snapshot!(formatted(expand(input)));
}

#[test]
fn declared() {
    let input = quote! {
        crate = flow;
        /// Takes pages in.
        pub(crate) Ingest: Url => RowId = fetch.workers(4) >> save;
    };
    assert_snapshot!(formatted(expand(input)));
}

/// What an editor hands in while a pipeline is written.
#[test]
fn unfinished_code() {
    let expressions = [
        quote!(fetch >>),
        quote!(fetch.),
        quote!(fetch.wor >> save),
        quote!(fetch.workers() >> text::),
        quote!(fetch.workers(16).queue(0) >> save),
        quote!(>> fetch >> >> text::parse.workers(4) >> |page|),
        quote!(fetch >> filter(is_new)),
        quote!(fetch >> (html & text::) >> store),
        quote!(fetch >> { Html => html., Pdf }),
        quote!(fetch >> { Html => html >> }),
        quote!(fetch >> {}),
    ];
    let mut report = String::new();
    for input in expressions {
        let text = input.to_string();
        report.push_str(&format!("// {text}\n{}\n", expression(input)));
    }
    let declarations = [
        quote!(pub Ingest),
        quote!(pub Ingest: Url =>),
        quote!(pub Ingest: Url => Row = fetch >>; Other: Url => Page = fetch;),
    ];
    for input in declarations {
        let text = input.to_string();
        report.push_str(&format!("// {text}\n{}\n", formatted(expand(input))));
    }
    assert_snapshot!(report);
}

#[test]
fn names_keep_their_places() {
    let lines = [
        "fetch.workers(16).queue(100)",
        ">> text::parse >> pass::<Row>",
        ">> (scaled) >> store",
    ];
    let names = [
        "fetch", "workers", "queue", "text", "parse", "pass", "Row", "scaled", "store",
    ];
    assert_eq!(
        displaced(&lines.join("\n"), &names, expand),
        Vec::<String>::new()
    );
    assert_eq!(
        displaced(
            &format!("{}\n>>", lines.join("\n")),
            &["fetch", "parse", "store"],
            expand
        ),
        Vec::<String>::new()
    );
    let forked = "fetch\n>> filter(is_new) >> (html & text.workers(4)\n>> {\nHtml => html, Pdf => pdf >> batch(size, wait)\n>> save }) >> store";
    let names = [
        "fetch", "filter", "is_new", "html", "text", "workers", "Html", "Pdf", "pdf", "batch",
        "size", "wait", "save", "store",
    ];
    assert_eq!(displaced(forked, &names, expand), Vec::<String>::new());
    let declared = format!(
        "pub Ingest: Url => Stored =\n{};",
        lines.join("\n").replace("(scaled)", "scaled")
    );
    let names = [
        "Ingest", "Url", "Stored", "fetch", "workers", "parse", "Row", "scaled",
    ];
    assert_eq!(displaced(&declared, &names, expand), Vec::<String>::new());
}

#[test]
fn the_expansion_of_ten_stages_is_short() {
    let stages: Vec<_> = (0..10)
        .map(|index| quote::format_ident!("stage{index}"))
        .collect();
    let lines = expression(quote!(#(#stages.workers(4))>>*)).lines().count();
    assert!(lines < 50, "{lines} lines");
    let declared = expand(quote!(pub Ingest: Url => Row = #(#stages.workers(4))>>*;));
    let lines = formatted(declared).lines().count();
    assert!(lines < 200, "{lines} lines");
}

#[test]
fn mistakes() {
    let inputs = [
        quote!(),
        quote!(fetch >>),
        quote!(>> fetch),
        quote!(fetch >> >> save),
        quote!(fetch >> save >>),
        quote!(fetch.),
        quote!(fetch save),
        quote!(fetch | save),
        quote!(fetch -> save),
        quote!(fetch => save),
        quote!(fetch, save),
        quote!(fetch,),
        quote!(fetch;),
        quote!(fetch > save),
        quote!(fetch >>= save),
        quote!(fetch..save),
        quote!(!fetch),
        quote!(&fetch >> save),
        quote!(fetch as Save),
        quote!("fetch" >> 5),
        quote!(fetch >> |page| page),
        quote!(fetch >> (parse >> save)),
        quote!(fetch.workers(0) >> save.attempts(0).queue(-1)),
        quote!((fetch & parse) >> save),
        quote!(fetch >> filter(is_new)),
        quote!(fetch >> (parse & filter(is_new) >> save)),
        quote!(fetch >> (parse & save >>)),
        quote!(fetch >> (parse &)),
        quote!(fetch >> (parse && save | store)),
        quote!(fetch >> (parse, save)),
        quote!(fetch >> (a & b & c & d & e & f & g & h & i)),
        quote!(fetch >> (parse & save).workers(4)),
        quote!(fetch >> (parse & save) store),
        quote!(fetch >> (a & (b & c)) >> store),
        quote!(fetch >> (a & b >> (c & d)) >> store),
        quote!(fetch >> (parse & save) >> filter(is_new) >> store),
        quote!(fetch & parse),
        quote!(fetch >> {}),
        quote!(fetch >> { Html, Pdf }),
        quote!(fetch >> { Html => , Pdf => pdf }),
        quote!(fetch >> { Html => html, Html => html }),
        quote!(fetch >> { Doc::Html => html, Html(page) => html, Html | Pdf => html, _ => html, "Html" => html }),
        quote!(fetch >> { Html -> html, Pdf: pdf, Text = text }),
        quote!(fetch >> { Html => html >> filter(is_new) >> save }),
        quote!(fetch >> { Html => (a & b) }),
        quote!(fetch >> { Html => html >> (a & b) >> save, Pdf => pdf >> broadcast(mirrors) }),
        quote!(fetch >> filter() >> flat_map(a, b) >> broadcast() >> save),
        quote!(fetch >> filter(is_new).workers(4) >> save),
        quote!(fetch >> batch(0, "soon") >> save),
        quote!(fetch >> batch(-1, 5) >> save),
        quote!(fetch >> batch("100", "0s") >> save),
        quote!(fetch >> batch(100) >> save),
        quote!(fetch >> batch(100, "1s") >> filter(is_new) >> save),
        quote!(fetch >> batch(100, "1s")),
        quote!(fetch() >> text::parse() >> make(3)),
        quote!(Ingest: Url => Row = fetch >> broadcast(mirrors)),
        quote!(Ingest: Url => Row = fetch >> flat_map(links) >> flat_map(words) >> save),
        quote!(Ingest: Url => Row = fetch >> flat_map(links) >> { Html => html }),
        quote!(Ingest: Url = fetch),
        quote!(pub Ingest),
        quote!(Ingest: Url => Row = fetch >>),
        quote!(Ingest: Url => Row = ),
        quote!(Ingest: Url => Row = fetch >> (value) >> other()),
        quote!(Ingest: Url => Row = fetch, save),
    ];
    let report = inputs.map(|input| {
        let text = input.to_string();
        format!("{text}\n    {}\n", messages(&expand(input)).join("\n    "))
    });
    assert_snapshot!(report.concat());
}
