//! What does not compile, and what the compiler says about it.
//!
//! One mistake gives one error, on the user's own token. After a change of the messages, `TRYBUILD=overwrite cargo test
//! --test ui` writes the new ones, to be read before they are committed. They are those of the pinned toolchain.

#[test]
fn wiring_and_attributes() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/*/pass/*.rs");
    cases.compile_fail("ui/*/fail/*.rs");
}
