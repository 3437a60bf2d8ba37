"""The operations that a model may hold: those that compute, and change nothing outside the model.

A list of what is known to be harmless, since no list of known evils is ever whole. Each group says why it is.
What our recipes export stands in it, and what a user's own layers may well need; all else is refused.
"""

# Pure functions of their inputs: numbers in, numbers out.
_ARITHMETIC = """
Abs AccumulateNV2 Acos Acosh Add AddN AddV2 All Angle Any ApproximateEqual ArgMax ArgMin Asin Asinh Atan
Atan2 Atanh BatchMatMul BatchMatMulV2 BatchMatMulV3 Bincount BitwiseAnd BitwiseOr BitwiseXor Bucketize Cast
Ceil Cholesky ClipByValue Complex ComplexAbs Conj Cos Cosh Cross Cumprod Cumsum CumulativeLogsumexp
DenseBincount Digamma Div DivNoNan Einsum Elu Equal Erf Erfc Erfinv EuclideanNorm Exp Expm1 FFT FFT2D Floor
FloorDiv FloorMod Greater GreaterEqual IFFT IFFT2D IRFFT IRFFT2D Imag InTopKV2 Inv Invert IsFinite IsInf
IsNan L2Loss LeakyRelu LeftShift Less LessEqual Lgamma Log Log1p LogSoftmax LogicalAnd LogicalNot LogicalOr
MatMul MatrixBandPart MatrixDeterminant MatrixDiagPartV3 MatrixDiagV3 MatrixInverse MatrixSetDiagV3
MatrixSolve MatrixTriangularSolve Max Maximum Mean Min Minimum Mod Mul MulNoNan Neg NextAfter NotEqual
NthElement Pow Prod Qr RFFT RFFT2D Real RealDiv Reciprocal Relu Relu6 RightShift Rint Round Rsqrt SegmentMax
SegmentMaxV2 SegmentMean SegmentMin SegmentMinV2 SegmentProd SegmentProdV2 SegmentSum SegmentSumV2
SelfAdjointEigV2 Selu Sigmoid Sign Sin Sinh Softmax SoftmaxCrossEntropyWithLogits Softplus Softsign
SparseSoftmaxCrossEntropyWithLogits Sqrt Square SquaredDifference Sub Sum Svd Tan Tanh TopK TopKV2
TridiagonalMatMul TridiagonalSolve TruncateDiv TruncateMod UnsortedSegmentMax UnsortedSegmentMin
UnsortedSegmentProd UnsortedSegmentSum Xdivy Xlog1py Xlogy
"""

# Layers, forward and backward: a graph that was differentiated when it was traced holds the latter.
_LAYERS = """
AvgPool AvgPool3D AvgPoolGrad BiasAdd BiasAddGrad BlockLSTM BlockLSTMV2 CTCBeamSearchDecoder
CTCGreedyDecoder CTCLoss CTCLossV2 Conv2D Conv2DBackpropFilter Conv2DBackpropInput Conv3D CudnnRNN
CudnnRNNV2 CudnnRNNV3 DepthwiseConv2dNative Dilation2D EluGrad FusedBatchNorm FusedBatchNormV2
FusedBatchNormV3 GRUBlockCell LRN LSTMBlockCell MaxPool MaxPool3D MaxPoolGrad MaxPoolV2 MaxPoolWithArgmax
PreventGradient Relu6Grad ReluGrad RsqrtGrad SigmoidGrad SoftplusGrad SqrtGrad StopGradient TanhGrad
"""

# They move, choose and count elements.
_SHAPES = """
BatchToSpaceND Bitcast BroadcastArgs BroadcastGradientArgs BroadcastTo Concat ConcatOffset ConcatV2
DepthToSpace Diag DiagPart DynamicPartition DynamicStitch EnsureShape ExpandDims Fill Gather GatherNd
GatherV2 GuaranteeConst HistogramFixedWidth Identity IdentityN InvertPermutation LinSpace ListDiff
LowerBound MirrorPad OneHot OnesLike Pack Pad PadV2 ParallelDynamicStitch RaggedBincount RaggedCross
RaggedFillEmptyRows RaggedGather RaggedRange RaggedTensorFromVariant RaggedTensorToSparse
RaggedTensorToTensor RaggedTensorToVariant Range Rank Reshape Reverse ReverseSequence ReverseV2 Roll
ScatterNd ScatterNdNonAliasingAdd Select SelectV2 Shape ShapeN Size Slice Snapshot SpaceToBatchND
SpaceToDepth SparseFillEmptyRows SparseReorder SparseReshape SparseSegmentMean SparseSegmentSqrtN
SparseSegmentSum SparseTensorDenseMatMul SparseToDense Split SplitV Squeeze StridedSlice TensorScatterAdd
TensorScatterMax TensorScatterMin TensorScatterSub TensorScatterUpdate TensorStridedSliceUpdate Tile
Transpose Unique UniqueV2 UniqueWithCounts UniqueWithCountsV2 Unpack UnravelIndex UpperBound Where ZerosLike
"""

# Strings in, strings or numbers out. AsString and StringFormat print into a tensor, not to a terminal.
_STRINGS = """
AsString DecodeBase64 DecodeCSV DecodePaddedRaw DecodeRaw EncodeBase64 ReduceJoin RegexFullMatch
RegexReplace StaticRegexFullMatch StaticRegexReplace StringFormat StringJoin StringLength StringLower
StringNGrams StringSplit StringSplitV2 StringStrip StringToHashBucket StringToHashBucketFast
StringToHashBucketStrong StringToNumber StringUpper Substr UnicodeDecode UnicodeDecodeWithOffsets
UnicodeEncode UnicodeScript UnicodeTranscode UnsortedSegmentJoin
"""

# Pictures and sound from the bytes that a model is given, not from files.
_MEDIA = """
AdjustContrastv2 AdjustHue AdjustSaturation AudioSpectrogram CropAndResize DecodeAndCropJpeg DecodeBmp
DecodeGif DecodeImage DecodeJpeg DecodePng DecodeWav DecodeWebP EncodeJpeg EncodePng EncodeWav
ExtractJpegShape HSVToRGB ImageProjectiveTransformV2 ImageProjectiveTransformV3 Mfcc RGBToHSV ResizeArea
ResizeBicubic ResizeBilinear ResizeNearestNeighbor ScaleAndTranslate
"""

DECODERS = frozenset(
    ("DecodeAndCropJpeg", "DecodeBmp", "DecodeImage", "DecodeJpeg", "DecodePng", "DecodeWebP")
)
"""Each reads any format. With `channels` left open, TensorFlow 2.21 takes an animated WebP without opacity
for one of three channels, and writes four; `zoo.models.danger` sees to that."""

# Random numbers change nothing but their own state.
_RANDOM = """
Multinomial RandomGamma RandomPoissonV2 RandomShuffle RandomStandardNormal RandomUniform RandomUniformInt
RngReadAndSkip RngSkip StatefulStandardNormalV2 StatefulTruncatedNormal StatefulUniform
StatefulUniformFullInt StatefulUniformInt StatelessMultinomial StatelessRandomBinomial
StatelessRandomGammaV2 StatelessRandomGetAlg StatelessRandomGetKeyCounter StatelessRandomGetKeyCounterAlg
StatelessRandomNormal StatelessRandomNormalV2 StatelessRandomPoisson StatelessRandomUniform
StatelessRandomUniformFullInt StatelessRandomUniformFullIntV2 StatelessRandomUniformInt
StatelessRandomUniformIntV2 StatelessRandomUniformV2 StatelessShuffle StatelessTruncatedNormal
StatelessTruncatedNormalV2 TruncatedNormal
"""

# Which part of the graph runs. Functions that they name are in the same file and held to the same list. An
# assertion only ends a run; none of the others can wait for anybody.
_CONTROL = """
Assert Case CheckNumerics CheckNumericsV2 Const ControlTrigger DeviceIndex EmptyTensorList FakeParam If NoOp
OptionalFromValue OptionalGetValue OptionalHasValue OptionalNone PartitionedCall Placeholder
PlaceholderWithDefault StatefulPartitionedCall StatelessCase StatelessIf StatelessWhile TensorArrayCloseV3
TensorArrayConcatV3 TensorArrayGatherV3 TensorArrayReadV3 TensorArrayScatterV3 TensorArraySizeV3
TensorArraySplitV3 TensorArrayV3 TensorArrayWriteV3 TensorListConcatLists TensorListConcatV2
TensorListElementShape TensorListFromTensor TensorListGather TensorListGetItem TensorListLength
TensorListPopBack TensorListPushBack TensorListPushBackBatch TensorListReserve TensorListResize
TensorListScatterIntoExistingList TensorListScatterV2 TensorListSetItem TensorListSplit TensorListStack
ToBool While
"""

# Weights, and tables from strings to numbers, both of the model itself and in memory.
_STATE = """
AnonymousHashTable AnonymousMutableDenseHashTable AnonymousMutableHashTable AssignAddVariableOp
AssignSubVariableOp AssignVariableOp DisableCopyOnRead HashTableV2 InitializeTableV2 LookupTableExportV2
LookupTableFindV2 LookupTableImportV2 LookupTableInsertV2 LookupTableRemoveV2 LookupTableSizeV2
MutableDenseHashTableV2 MutableHashTableV2 ReadVariableOp ResourceGather ResourceGatherNd ResourceScatterAdd
ResourceScatterSub ResourceScatterUpdate VarHandleOp VarIsInitializedOp VariableShape
"""

# Datasets over tensors, by which captioners skip pictures that cannot be decoded. None reads, writes or
# caches a file, and what they map is a function of the model. Not DatasetFromGraph: its graph is a string.
_DATASETS = """
BatchDatasetV2 ConcatenateDataset DatasetCardinality DatasetToSingleElement FilterDataset FlatMapDataset
IgnoreErrorsDataset MapDataset ParallelMapDatasetV2 RangeDataset ReduceDataset RepeatDataset SkipDataset
TakeDataset TensorDataset TensorSliceDataset ZipDataset
"""

# Reads a file, and may be run with one of the model's own assets alone; `zoo.models.danger` sees to that.
READS_AN_ASSET = "InitializeTableFromTextFileV2"

# What TensorFlow's saver is made of: every SavedModel with variables holds it, and it is not loaded.
SAVER = frozenset({"MergeV2Checkpoints", "RestoreV2", "SaveV2", "ShardedFilename"})

_GROUPS = (_ARITHMETIC, _LAYERS, _SHAPES, _STRINGS, _MEDIA, _RANDOM, _CONTROL, _STATE, _DATASETS)
OPERATIONS = frozenset(" ".join(_GROUPS).split()) | {READS_AN_ASSET}
