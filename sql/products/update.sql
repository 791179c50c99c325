UPDATE products
SET
    name = :name, name_folded = :name_folded, description = :description,
    description_folded = :description_folded, description_i18n = :description_i18n, unit = :unit,
    allow_fraction = :allow_fraction, precision_level = :precision, stock_u = :stock_u, lost_u = :lost_u,
    prices = :prices, price_is_net = :price_is_net, group_serial = :group, pot_serial = :pot,
    image_serial = :image_serial, taxes = :taxes, address = :address, next_restock_s = :next_restock_s,
    minimum_age = :minimum_age
WHERE instance_serial = :instance AND product_id = :product_id
