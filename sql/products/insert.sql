INSERT INTO products (
    instance_serial, product_id, name, name_folded, description, description_folded, description_i18n, unit,
    allow_fraction, precision_level, stock_u, sold_u, lost_u, prices, price_is_net, group_serial, pot_serial,
    image_serial, taxes, address, next_restock_s, minimum_age
)
VALUES (
    :instance, :product_id, :name, :name_folded, :description, :description_folded, :description_i18n, :unit,
    :allow_fraction, :precision, :stock_u, 0, :lost_u, :prices, :price_is_net, :group, :pot,
    :image_serial, :taxes, :address, :next_restock_s, :minimum_age
)
ON CONFLICT (instance_serial, product_id) DO NOTHING
