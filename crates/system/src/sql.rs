//! SQL that is put together when the program is compiled.

/// The text of the files of these names below `$folder`, which is relative to the calling crate and
/// begins and ends with a slash, one after the other: what several statements share, like a list of
/// columns, is a file of its own.
///
/// ```ignore
/// statement!("/sql/", "orders/columns" + "orders/find")
/// ```
#[macro_export]
macro_rules! statement {
    ($folder:literal, $name:literal $(+ $more:literal)*) => {
        concat!(
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), $folder, $name, ".sql")),
            $(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), $folder, $more, ".sql"))),*
        )
    };
}
