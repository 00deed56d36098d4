use insta::assert_snapshot;
use proc_macro2::TokenStream;
use quote::quote;

use super::expand;
use crate::testing::{displaced, formatted, messages};

#[test]
fn function() {
    let args = quote!(
        workers = 4,
        retry = "per_task",
        attempts = 5,
        wait = "1m 30s"
    );
    let item = quote! {
        /// Downloads a page.
        ///
        /// ```
        /// # async { fetch(url).await };
        /// ```
        #[deprecated]
        pub async fn fetch(url: Url, State(client): State<Client>, cx: &TaskContext) -> Result<Page, FetchError> {
            client.get(url).await
        }
    };
    assert_snapshot!(formatted(expand(args, &item)));
}

#[test]
fn function_without_result() {
    let item = quote!(
        async fn join(left: &str, right: &[Page]) -> Page {
            todo!()
        }
    );
    assert_snapshot!(formatted(expand(quote!(), &item)));
}

#[test]
fn generic_function() {
    let item = quote!(
        async fn pass<T: Send, const N: usize>(value: [T; N])
        where
            T: Clone,
        {
        }
    );
    assert_snapshot!(formatted(expand(quote!(), &item)));
}

#[test]
fn hooks() {
    let args = quote!(
        skip_if = is_cached,
        on_success = note,
        on_failure = alarms::ring
    );
    let item = quote!(
        async fn fetch(page: Page) -> Page {
            page
        }
    );
    assert_snapshot!(formatted(expand(args, &item)));
}

#[test]
fn list() {
    let args = quote!(retry = "per_stage", retry_if = is_transient);
    let item = quote! {
        /// All or nothing.
        pub struct Transform(validate, prices::price::<Euro>, enrich);
    };
    assert_snapshot!(formatted(expand(args, &item)));
}

#[test]
fn a_mistake_in_a_key_leaves_the_stage_as_it_would_be() {
    let item = quote!(
        async fn fetch(url: Url) -> Page {
            get(url)
        }
    );
    let with = formatted(expand(quote!(wrokers = 4), &item));
    let error = "::core::compile_error! {\n    \"`#[stage]` does not take `wrokers`; did you mean `workers`?\"\n}\n";
    assert!(with.contains(error), "{with}");
    assert_eq!(with.replace(error, ""), formatted(expand(quote!(), &item)));
}

#[test]
fn a_mistake_in_the_signature_is_the_type_of_the_input() {
    let item = quote!(
        async fn fetch(url: &mut Url) -> Page {
            get(url)
        }
    );
    assert_snapshot!(formatted(expand(quote!(), &item)));
}

#[test]
fn unfinished_code_is_kept() {
    let unfinished: &[TokenStream] = &[
        quote!(async fn fetch(url: Url) -> Page { url. }),
        quote!(async fn fetch(url: Url) -> Page { let page = }),
        quote!(async fn fetch(url: ) -> Page {}),
        quote!(async fn fetch(url: Url) -> {}),
        quote!(async fn fetch),
        quote!(async),
        quote!(struct Transform(validate, ),),
        quote!(struct Transform),
        quote!(#[doc = ]),
        quote!(),
    ];
    for item in unfinished {
        let expansion = expand(quote!(workers = ), item).to_string();
        let is_kept =
            expansion.contains(&item.to_string()) || expansion.contains("struct Transform");
        assert!(is_kept, "{item} became {expansion}");
    }
}

/// What an editor hands in while a body is written.
#[test]
fn an_unfinished_body_is_passed_through() {
    let unfinished = [
        quote!(async fn fetch(url: Url) -> Page { url. }),
        quote!(async fn fetch(url: Url) -> Page { let page = client.get(&url)?. ; page }),
        quote!(async fn fetch(url: Url, ) { match url { Url:: } }),
    ];
    let mut report = String::new();
    for item in unfinished {
        let expansion = expand(quote!(workers = 4), &item).to_string();
        let behind = expansion.strip_prefix(&item.to_string());
        let behind = behind.expect("the function is where it was, as it was");
        let file: TokenStream = behind.parse().unwrap();
        report.push_str(&format!("{item}\n// and beside it\n{}\n", formatted(file)));
    }
    assert_snapshot!(report);
}

#[test]
fn names_in_a_function_keep_their_places() {
    let source = "/// Downloads a page.
        pub async fn fetch(
            url: Url, client: State<Client>
        ) -> Result<Page, FetchError> {
            let page = client.get(&url).
        }";
    let names = [
        "fetch",
        "url",
        "Url",
        "client",
        "State",
        "Client",
        "Result",
        "Page",
        "FetchError",
        "page",
        "get",
    ];
    let stage = |item: TokenStream| expand(quote!(workers = 4), &item);
    assert_eq!(displaced(source, &names, stage), Vec::<String>::new());
    let list = "#[allow(unused)]
        pub struct Transform(validate,
            prices::price, enrich<u8>);";
    let names = ["Transform", "validate", "prices", "price", "enrich"];
    assert_eq!(displaced(list, &names, stage), Vec::<String>::new());
}

#[test]
fn the_type_beside_a_function_has_the_place_of_its_name() {
    let source: TokenStream = "async fn fetch(url: Url) -> Page { get(url) }"
        .parse()
        .unwrap();
    let expansion = expand(quote!(), &source);
    let file: syn::File = syn::parse2(expansion).unwrap();
    let places: Vec<_> = file
        .items
        .iter()
        .filter_map(|item| match item {
            syn::Item::Fn(function) => Some(function.sig.ident.span().start()),
            syn::Item::Struct(ty) => Some(ty.ident.span().start()),
            _ => None,
        })
        .collect();
    assert_eq!(places.len(), 2);
    assert_eq!(places[0], places[1]);
}

#[test]
fn settings_are_in_the_documentation() {
    let args = quote!(
        workers = num_cpus::get(),
        retry = "per_task",
        wait = Duration::from_secs(5),
        ordered
    );
    let item = quote!(
        pub async fn fetch(url: Url) -> Page {
            get(url)
        }
    );
    let text = formatted(expand(args.clone(), &item));
    let line = "/// Settings: `workers = num_cpus::get()`, `retry = \"per_task\"`, `wait = Duration::from_secs(5)`, `ordered`.\n";
    assert!(text.contains(line), "{text}");
    let text = formatted(expand(
        args,
        &quote!(
            pub struct Transform(check, price);
        ),
    ));
    assert!(
        text.contains("/// Stage of the tasks `check`, `price`.\n///\n"),
        "{text}"
    );
    assert!(text.contains(line), "{text}");
}

#[test]
fn a_body_is_not_read() {
    let item = quote!(async fn fetch(url: Url) -> Page { this is @ no Rust });
    assert_eq!(messages(&expand(quote!(), &item)), Vec::<String>::new());
}

#[test]
fn all_mistakes_are_reported_together() {
    let args = quote!(
        workers = 0,
        queue = "ten",
        attempts = 3,
        unknown = 1,
        ordered = 5,
        workers = 2
    );
    let item = quote!(
        fn fetch<'a>(url: &'a Url) -> Page {
            get(url)
        }
    );
    assert_snapshot!(messages(&expand(args, &item)).join("\n"));
}
