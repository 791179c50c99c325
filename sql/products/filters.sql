    AND (:category IS NULL OR EXISTS (
        SELECT 1 FROM product_categories
        WHERE product_serial = products.serial AND category_serial = :category
    ))
    AND (:group IS NULL OR group_serial = :group)
    AND (:name IS NULL OR instr(name_folded, :name) > 0)
    AND (:description IS NULL OR instr(description_folded, :description) > 0)
