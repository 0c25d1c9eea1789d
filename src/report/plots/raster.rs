//! SVG → PNG.

use crate::error::{Error, Result};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};
use std::sync::{Arc, OnceLock};

/// Pixels of the PNG for one of the SVG: sharp on dense screens and in print.
const SHARPNESS: f32 = 2.0;

/// Reads an SVG with the bundled fonts only, so that every machine gives the same bytes.
pub(super) fn tree(svg: &str) -> Result<Tree> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let fonts = FONTS.get_or_init(|| {
        let mut fonts = fontdb::Database::new();
        fonts.load_font_data(dejavu::sans::regular().to_vec());
        fonts.load_font_data(dejavu::sans::bold().to_vec());
        fonts.set_sans_serif_family("DejaVu Sans");
        Arc::new(fonts)
    });
    let options = Options { fontdb: Arc::clone(fonts), font_family: "DejaVu Sans".to_owned(), ..Options::default() };
    Tree::from_str(svg, &options).map_err(|e| Error::Plot(e.to_string()))
}

/// The picture as PNG, at twice the SVG's size.
pub fn png(svg: &str) -> Result<Vec<u8>> {
    let tree = tree(svg)?;
    let size = tree.size();
    let mut pixels = Pixmap::new((size.width() * SHARPNESS) as u32, (size.height() * SHARPNESS) as u32)
        .ok_or_else(|| Error::Plot("the picture has no size".to_owned()))?;
    resvg::render(&tree, Transform::from_scale(SHARPNESS, SHARPNESS), &mut pixels.as_mut());
    pixels.encode_png().map_err(|e| Error::Plot(e.to_string()))
}
