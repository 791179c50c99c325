SELECT serial, name, description
FROM product_groups
