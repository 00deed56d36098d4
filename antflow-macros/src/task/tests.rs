use insta::assert_snapshot;
use quote::quote;

use super::expand;
use crate::testing::{formatted, messages};

#[test]
fn function() {
    let args = quote!(
        name = "Price",
        timeout = LIMIT,
        concurrency = 2,
        rate = "10/500ms",
        retry_if = is_transient
    );
    let item = quote! {
        async fn price(order: &Order, State(rates): State<Rates>) -> io::Result<Priced> {
            rates.apply(order)
        }
    };
    assert_snapshot!(formatted(expand(args, &item)));
}

#[test]
fn keys_of_a_stage_are_refused_with_the_reason() {
    let item = quote!(
        async fn price(order: Order) -> Priced {
            order
        }
    );
    assert_eq!(
        messages(&expand(quote!(workers = 4, retry = "per_task"), &item)),
        ["workers", "retry"].map(|key| {
            format!("`#[task]` does not take `{key}`: it belongs to the stage that lists the task")
        })
    );
}
