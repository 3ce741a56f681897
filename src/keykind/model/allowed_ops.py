"""The TFLite operators that the network in a model file may use.

In:    nothing
Out:   ALLOWED_OPS, and groups of them that are checked in the same way
Needs: nothing

They are the operators of keykind's own exports, and some that future exports may use. Each has one output;
none of them loops, keeps state, handles text, or runs code from outside LiteRT.
"""

ALLOWED_OPS = {  # name -> BuiltinOperator, minimum and maximum number of inputs
    "ADD": (0, 2, 2),
    "AVERAGE_POOL_2D": (1, 1, 1),
    "CONCATENATION": (2, 1, 8),
    "CONV_2D": (3, 2, 3),
    "DEPTHWISE_CONV_2D": (4, 2, 3),
    "DEQUANTIZE": (6, 1, 1),
    "FULLY_CONNECTED": (9, 2, 3),
    "LOGISTIC": (14, 1, 1),
    "MUL": (18, 2, 2),
    "RELU": (19, 1, 1),
    "RELU6": (21, 1, 1),
    "RESHAPE": (22, 1, 2),
    "SOFTMAX": (25, 1, 1),
    "PAD": (34, 2, 2),
    "TRANSPOSE": (39, 2, 2),
    "MEAN": (40, 2, 2),
    "SUB": (41, 2, 2),
    "DIV": (42, 2, 2),
    "CAST": (53, 1, 1),
    "MAXIMUM": (55, 2, 2),
    "MINIMUM": (57, 2, 2),
    "NEG": (59, 1, 1),
    "GREATER": (61, 2, 2),
    "SUM": (74, 2, 2),
    "SQRT": (75, 1, 1),
    "RSQRT": (76, 1, 1),
    "REDUCE_MAX": (82, 2, 2),
    "SQUARE": (92, 1, 1),
    "MIRROR_PAD": (100, 2, 2),
    "QUANTIZE": (114, 1, 1),
    "HARD_SWISH": (117, 1, 1),
    "BATCH_MATMUL": (126, 2, 2),
}
BROADCASTING = {"ADD", "DIV", "GREATER", "MAXIMUM", "MINIMUM", "MUL", "SUB"}  # element-wise, of two inputs
# Their later inputs hold a shape, axes or padding, which decide the output's shape.
SHAPED_BY_INPUTS = {"MEAN", "MIRROR_PAD", "PAD", "REDUCE_MAX", "RESHAPE", "SUM", "TRANSPOSE"}
TYPE_CHANGING = {"CAST", "DEQUANTIZE", "GREATER", "QUANTIZE"}  # all others keep the type of their first input
